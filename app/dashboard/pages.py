"""All pages under one router, and the static files that they name."""

from fastapi import APIRouter, Request, Response

from app.dashboard import (
    adding,
    alerts,
    audited,
    downloads,
    endpoints,
    entry,
    front,
    grew,
    joining,
    people,
    post,
    privacy,
    render,
    report,
    rules,
    second,
    sent,
    settings,
    shared,
    shares,
    side,
    side_files,
    silences,
    single,
    sources,
    starting,
)
from app.errors import NotFound

router = APIRouter()
for room in (
    front,
    single,
    downloads,
    side,
    side_files,
    grew,
    report,
    joining,
    post,
    sources,
    settings,
    privacy,
    second,
    people,
    audited,
    alerts,
    rules,
    silences,
    endpoints,
    sent,
    shares,
    shared,
    entry,
    starting,
    adding,
):
    router.include_router(room.router)


@router.get("/static/{name}")
async def send_static(name: str, request: Request) -> Response:
    content = render.STATIC.get(name)
    if content is None:
        raise NotFound("there is no such file")
    kept = "public, max-age=31536000, immutable" if request.query_params.get("v") == render.VERSION else "no-cache"
    kind = render.KINDS[name[name.rindex(".") :]]
    return Response(content, media_type=kind, headers={"Cache-Control": kept})


def show_nowhere(request: Request) -> Response:
    w = render.words_of(request)
    said = [w("missing.page", value=request.scope["path"][: render.LONGEST_SHOWN])]
    return render.page(
        request, "trouble.html", 404, title=w("missing.title"), said=said, details=[], do="", again="", hint=""
    )
