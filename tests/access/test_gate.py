"""The whole of "Who may do what" as a table: what a request shows, what there is, what it gets."""

import itertools
from ipaddress import ip_network
from typing import Any

import pytest

from app.access.asked import Asked, is_loopback, sender
from app.access.gate import Refusal, Shown, State, cookie_name, decide, shown
from app.access.principal import ALL, ANYBODY, LOCAL, SCOPES, Principal, Scope, parse_scopes
from app.errors import Invalid

TOKEN = "gsw_" + "a" * 57
READER = Principal("token", "aaaaaaaa", "reader", frozenset({"posts:read"}))
ANNA = Principal("user", "1", "anna", ALL)

EMPTY = State(users=False, tokens=False, loopback=True)
EMPTY_OPEN = State(users=False, tokens=False, loopback=False)
CLAIMED = [
    State(users, tokens, loopback)
    for users, tokens, loopback in itertools.product([True, False], repeat=3)
    if users or tokens
]
STATES = [EMPTY, EMPTY_OPEN, *CLAIMED]
PAGE, API = "/", "/api/v1/campaigns"
FOLLOWED = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}


def ask(
    path: str = API, method: str = "GET", peer: str | None = "127.0.0.1", query: str = "", http: str = "1.1",
    **headers: str | list[str],
) -> Asked:  # fmt: skip
    given: dict[str, str | list[str]] = {"host": "127.0.0.1:8000", **headers}
    pairs = [
        (name.replace("_", "-"), each)
        for name, value in given.items()
        for each in ([value] if isinstance(value, str) else value)
    ]
    return Asked(method, path, query, peer, http, tuple(pairs))


def named(value: object) -> str:
    """The same name in every worker: the scopes of a principal are a set, whose order is another in each."""
    return f"{value.kind} {value.id}" if isinstance(value, Principal) else str(value)


def outcome(asked: Asked, state: State, found: Principal | None = None, csrf: str = "") -> Principal | int:
    decided = decide(asked, state, shown(asked), found, csrf)
    return decided.status if isinstance(decided, Refusal) else decided


# Nobody was ever let in, and the service listens on loopback alone.

LOCAL_YES: list[dict[str, Any]] = [
    {},
    {"path": PAGE},
    {"path": "/metrics"},
    {"method": "POST"},
    {"method": "DELETE"},
    {"peer": "::1", "host": "[::1]:8000"},
    {"peer": "127.0.0.9", "host": "127.0.0.9"},
    {"peer": "::ffff:127.0.0.1"},
    {"host": "localhost"},
    {"host": "LOCALHOST:8000"},
    {"sec_fetch_site": "same-origin"},
    {"sec_fetch_site": "none"},
    {"method": "POST", "origin": "http://127.0.0.1:8000"},
    {"method": "POST", "origin": "http://127.0.0.1:8000", "sec_fetch_site": "same-origin"},
    {"host": "localhost", "origin": "http://localhost:80"},
    {"path": PAGE, **FOLLOWED},
    {"cookie": "groundswell=of-an-older-database"},
    {"http": "2"},
]
LOCAL_NO: list[tuple[int, dict[str, Any]]] = [
    (401, {"peer": "192.168.1.5"}),
    (401, {"peer": "8.8.8.8"}),
    (401, {"peer": "::ffff:8.8.8.8"}),
    (401, {"peer": None}),
    (401, {"peer": ""}),
    (401, {"forwarded": "for=8.8.8.8"}),
    (401, {"x_real_ip": "8.8.8.8"}),
    (401, {"cf_connecting_ip": "8.8.8.8"}),
    (401, {"http": "1.0"}),
    (401, {"forwarded": ""}),
    (401, {"x_forwarded_for": "127.0.0.1"}),
    (401, {"x_forwarded_proto": "https"}),
    (401, {"x_forwarded_host": "127.0.0.1"}),
    (401, {"x_forwarded_anything": "x"}),
    (401, {"via": "1.1 proxy"}),
    (403, {"host": "groundswell.example"}),
    (403, {"host": "rebound.attacker.example:8000"}),
    (403, {"host": "localhost.attacker.example"}),
    (403, {"host": "127.0.0.1.attacker.example"}),
    (403, {"host": "0.0.0.0:8000"}),
    (403, {"host": "192.168.1.5:8000"}),
    (403, {"host": "127.1"}),
    (403, {"host": "2130706433"}),
    (403, {"host": "user@127.0.0.1"}),
    (403, {"host": "127.0.0.1:8000:1"}),
    (403, {"host": "127.0.0.1/"}),
    (403, {"host": ""}),
    (403, {"host": []}),
    (403, {"host": ["127.0.0.1:8000", "attacker.example"]}),
    (403, {"sec_fetch_site": "cross-site"}),
    (403, {"sec_fetch_site": "same-site"}),
    (403, {"sec_fetch_site": ["same-origin", "cross-site"]}),
    (403, {"sec_fetch_site": "nonsense"}),
    (403, {"method": "POST", "origin": "https://attacker.example"}),
    (403, {"method": "POST", "origin": "null"}),
    (403, {"method": "POST", "origin": "http://127.0.0.1:3000"}),
    (403, {"method": "POST", "origin": "http://localhost:8000"}),
    (403, {"method": "POST", "origin": "http://[::1"}),
    (403, {"method": "POST", "origin": "file://127.0.0.1:8000"}),
    (403, {"method": "POST", "origin": "https://attacker.example", "sec_fetch_site": "same-origin"}),
    (403, FOLLOWED),
    (403, {"path": PAGE, "sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"}),
    (403, {"path": PAGE, "sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"}),
    (403, {"path": PAGE, "method": "POST", **FOLLOWED}),
    (401, {"authorization": f"Bearer {TOKEN}"}),
    (401, {"authorization": "Basic YTpi"}),
    (401, {"authorization": "Bearer"}),
    (401, {"authorization": ""}),
    (401, {"authorization": [f"Bearer {TOKEN}", f"Bearer {TOKEN}"]}),
]


@pytest.mark.parametrize("request_", LOCAL_YES, ids=str)
def test_without_user_or_token_this_machine_may_do_everything(request_: dict[str, Any]) -> None:
    assert outcome(ask(**request_), EMPTY) is LOCAL


@pytest.mark.parametrize(("status", "request_"), LOCAL_NO, ids=str)
def test_without_user_or_token_nobody_else_gets_in(status: int, request_: dict[str, Any]) -> None:
    assert outcome(ask(**request_), EMPTY) == status


@pytest.mark.parametrize("request_", LOCAL_YES, ids=str)
def test_listening_elsewhere_without_user_or_token_only_health_and_set_up_are_answered(
    request_: dict[str, Any],
) -> None:
    assert outcome(ask(**request_), EMPTY_OPEN) == 401


@pytest.mark.parametrize("request_", LOCAL_YES, ids=str)
@pytest.mark.parametrize("state", CLAIMED, ids=str)
def test_from_the_first_user_or_token_on_this_machine_needs_one_too(state: State, request_: dict[str, Any]) -> None:
    assert outcome(ask(**request_), state) == 401


# What is open, and to whom.


@pytest.mark.parametrize("peer", ["127.0.0.1", "8.8.8.8", None])
@pytest.mark.parametrize("state", STATES, ids=str)
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_to_everyone(path: str, state: State, peer: str | None) -> None:
    assert outcome(ask(path, peer=peer, host="anything", via="proxy", authorization="Basic x"), state) is ANYBODY


@pytest.mark.parametrize("state", STATES, ids=str)
@pytest.mark.parametrize("path", ["/setup", "/static/app.css"])
def test_the_set_up_and_its_files_are_open(path: str, state: State) -> None:
    assert outcome(ask(path, peer="8.8.8.8", host="groundswell.example", via="proxy"), state) is ANYBODY


@pytest.mark.parametrize("state", STATES, ids=str)
def test_the_login_is_open_except_where_nobody_could_log_in(state: State) -> None:
    expected = 401 if state == EMPTY_OPEN else ANYBODY
    assert outcome(ask("/login", peer="8.8.8.8", host="groundswell.example"), state) == expected


@pytest.mark.parametrize("path", ["/login", "/setup"])
def test_another_sites_page_can_neither_log_in_nor_set_up(path: str) -> None:
    state = State(users=True, tokens=False, loopback=False)
    for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "https://attacker.example"}, {"origin": "null"}):
        assert outcome(ask(path, "POST", host="groundswell.example", **headers), state) == 403
    ours = {"origin": "https://groundswell.example", "sec_fetch_site": "same-origin"}
    assert outcome(ask(path, "POST", host="groundswell.example", **ours), state) is ANYBODY


@pytest.mark.parametrize("state", [EMPTY_OPEN, *CLAIMED], ids=str)
@pytest.mark.parametrize(
    "path",
    [PAGE, API, "/metrics", "/openapi.json", "/docs", "/healthz/", "/healthzz", "/setup/x", "/static", "/LOGIN", "//"],
)
def test_every_other_path_needs_a_login(path: str, state: State) -> None:
    assert outcome(ask(path), state) == 401


# Tokens.


@pytest.mark.parametrize("state", STATES, ids=str)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"peer": "8.8.8.8", "host": "groundswell.example"},
        {"via": "1.1 proxy", "x_forwarded_for": "8.8.8.8"},
        {"sec_fetch_site": "cross-site", "origin": "https://elsewhere.example", "method": "POST"},
    ],
    ids=named,
)
def test_a_token_is_asked_nothing_else(headers: dict[str, Any], state: State) -> None:
    asked = ask(**headers, authorization=f"bearer {TOKEN}")
    assert outcome(asked, state, READER) is READER


@pytest.mark.parametrize("state", STATES, ids=str)
def test_a_bad_token_is_refused_even_where_none_is_needed_and_whatever_the_cookie_says(state: State) -> None:
    asked = ask(authorization=f"Bearer {TOKEN}", cookie="groundswell=good")
    assert shown(asked) == Shown("token", TOKEN)
    assert outcome(asked, state) == 401


@pytest.mark.parametrize(
    "query",
    [
        f"token={TOKEN}",
        "access_token=x",
        "API_KEY=x",
        f"q={TOKEN}",
        f"{TOKEN}",
        f"%74oken={TOKEN}",
        f"q=gsw%5F{'a' * 57}",
        f"a=1&b=Bearer+{TOKEN}",
    ],
)
def test_a_token_in_a_url_is_refused(query: str) -> None:
    for state in STATES:
        assert outcome(ask(query=query), state) == 401
        assert outcome(ask(query=query, authorization=f"Bearer {TOKEN}"), state, READER) == 401


@pytest.mark.parametrize("query", ["", "limit=5", "tag=gsw_short", "q=tokens", "cursor=a%3Db&from=1", "&&=&=x", "%"])
def test_other_queries_are_left_alone(query: str) -> None:
    assert outcome(ask(query=query), EMPTY) is LOCAL


def test_every_401_says_how_to_authenticate_and_names_no_secret() -> None:
    cases = [(EMPTY, {"peer": "8.8.8.8"}), (EMPTY_OPEN, {}), (CLAIMED[0], {}), (CLAIMED[0], {"query": "token=x"})]
    cases += [(CLAIMED[0], {"authorization": f"Bearer {TOKEN}"}), (CLAIMED[0], {"authorization": "Basic YTpi"})]
    for state, request_ in cases:
        asked = ask(**request_)
        refusal = decide(asked, state, shown(asked), None)
        assert isinstance(refusal, Refusal)
        assert refusal.status == 401
        assert refusal.challenge is not None
        assert refusal.challenge.startswith('Bearer realm="groundswell"')
        assert TOKEN not in f"{refusal}{asked}{shown(asked)}"


def test_a_browser_is_sent_to_where_it_can_get_in() -> None:
    def go(state: State) -> str | None:
        refusal = decide(ask(PAGE), state, Shown("nothing"), None)
        assert isinstance(refusal, Refusal)
        return refusal.go

    assert go(EMPTY_OPEN) == "/setup"
    assert go(State(users=False, tokens=True, loopback=True)) == "/setup"
    assert go(State(users=True, tokens=True, loopback=True)) == "/login"


# Logins.

LOGIN = {"host": "groundswell.example", "peer": "8.8.8.8", "cookie": "a=b; __Host-groundswell=text; c"}
CLAIMED_OPEN = State(users=True, tokens=False, loopback=False)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ANNA),
        ({"path": PAGE}, ANNA),
        ({"sec_fetch_site": "same-origin"}, ANNA),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"path": PAGE, **FOLLOWED}, ANNA),
        ({"method": "POST"}, 403),
        ({"method": "POST", "x_csrf_token": "wrong"}, 403),
        ({"method": "POST", "x_csrf_token": ["known", "known"]}, 403),
        ({"method": "POST", "x_csrf_token": "known"}, ANNA),
        ({"method": "PATCH", "x_csrf_token": "known", "origin": "https://groundswell.example"}, ANNA),
        ({"method": "DELETE", "x_csrf_token": "known", "origin": "https://attacker.example"}, 403),
        ({"method": "POST", "x_csrf_token": "known", "sec_fetch_site": "cross-site"}, 403),
        ({"method": "POST", "x_csrf_token": "known", "sec_fetch_site": "same-origin", "origin": "https://a.b"}, ANNA),
        ({"path": "/logout", "method": "POST", "origin": "https://groundswell.example"}, ANNA),
        ({"path": "/logout", "method": "POST", "origin": "https://attacker.example"}, 403),
    ],
    ids=named,
)  # fmt: skip
def test_a_login_works_from_our_own_pages_only(headers: dict[str, Any], expected: Principal | int) -> None:
    asked = ask(**{**LOGIN, **headers})
    assert shown(asked) == Shown("login", "text")
    assert outcome(asked, CLAIMED_OPEN, ANNA, "known") == expected


def test_a_login_that_ended_is_none() -> None:
    assert outcome(ask(**LOGIN), CLAIMED_OPEN, None) == 401


def test_no_csrf_token_is_not_an_empty_one() -> None:
    assert outcome(ask(**LOGIN, method="POST", x_csrf_token=""), CLAIMED_OPEN, ANNA, "") == 403


def test_the_cookie_is_bound_to_tls_except_over_loopback() -> None:
    assert cookie_name(ask(host="groundswell.example")) == "__Host-groundswell"
    assert cookie_name(ask(host="localhost:8000")) == "groundswell"
    assert shown(ask(host="groundswell.example", cookie="groundswell=planted")) == Shown("nothing")


@pytest.mark.parametrize("cookie", ["", ";", "=", "groundswell", "groundswell=", "bad name=1; ;;", "\xff=\xff"])
def test_odd_cookies_are_no_login(cookie: str) -> None:
    assert shown(ask(cookie=cookie)) == Shown("nothing")


def test_an_odd_cookie_of_another_program_hides_nothing() -> None:
    assert shown(ask(cookie='{"a": 1}=x; bad name; groundswell=text')) == Shown("login", "text")


def test_facts_are_read_from_asgi() -> None:
    scope = {
        "type": "http", "http_version": "1.1",
        "method": "GET", "path": "/x", "query_string": b"a=b", "client": ("127.0.0.1", 5),
        "headers": [(b"Host", b"localhost"), (b"x-a", b"\xe9")],
    }  # fmt: skip
    asked = Asked.of(scope)
    assert (asked.method, asked.path, asked.query, asked.peer) == ("GET", "/x", "a=b", "127.0.0.1")
    assert asked.every("host") == ["localhost"]
    assert Asked.of({**scope, "client": None}).peer is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("", False)],
)
def test_where_the_service_listens(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


# Scopes.


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_allows_itself_and_admin_allows_all(scope: Scope) -> None:
    one = Principal("token", "x", "x", frozenset({scope}))
    assert [other for other in SCOPES if one.may(other)] == (list(SCOPES) if scope == "admin" else [scope])
    assert LOCAL.may(scope)
    assert not ANYBODY.may(scope)


def test_scopes_are_read_from_words_and_unknown_ones_are_named() -> None:
    assert parse_scopes(" posts:read,stats:read  export ") == {"posts:read", "stats:read", "export"}
    for wrong in ("", ",", "posts:write", "posts:read ADMIN", "*"):
        with pytest.raises(Invalid, match="scope"):
            parse_scopes(wrong)


# A share link: its own few addresses are open to read, whoever asks, and nothing beside them.

LINK = "/s/" + "aZ0-_" * 8 + "abc"
FRAMED = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"}


@pytest.mark.parametrize("state", [EMPTY, *CLAIMED], ids=str)
def test_a_share_link_is_open_to_read_for_everybody(state: State) -> None:
    for path in (LINK, f"{LINK}/embed", f"{LINK}/charts/posts_total.svg"):
        for headers in ({}, FRAMED, {"host": "groundswell.example", "x_forwarded_for": "8.8.8.8"}):
            for found in (None, READER, ANNA):
                assert outcome(ask(path, peer="8.8.8.8", **headers), state, found) == ANYBODY
    assert outcome(ask(LINK, method="HEAD", peer="8.8.8.8"), state) == ANYBODY


@pytest.mark.parametrize(
    "path",
    [
        f"{LINK}/", f"{LINK}/campaigns/a", f"{LINK}/embed/", f"{LINK}/embed/x", f"{LINK}/charts/",
        f"{LINK}/charts/a/b.csv", f"{LINK}/../campaigns/a",
        f"{LINK}/charts/../../../campaigns", f"{LINK}\n", f"{LINK}/embed\n", f"{LINK}//embed",
        "/s/", "/s",
        "/s//embed", "/S/abc", f"/api/v1{LINK}", f"/x{LINK}", f"{LINK}/..", f"/s/{'a' * 65}", "/s/a%2Fb", "/s/é",
        f"{LINK}/api/v1/campaigns", f"{LINK};/shares", "/shares", "/s/../shares",
    ],
)  # fmt: skip
def test_nothing_beside_a_share_link_is_open(path: str) -> None:
    for state in CLAIMED:
        assert outcome(ask(path, peer="8.8.8.8"), state) == 401
    assert outcome(ask(path, peer="8.8.8.8"), EMPTY) == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_share_link_changes_nothing(method: str) -> None:
    for state in CLAIMED:
        assert outcome(ask(LINK, method=method, peer="8.8.8.8"), state) == 401


def test_a_share_link_is_closed_where_nobody_can_have_made_one() -> None:
    assert outcome(ask(LINK, peer="8.8.8.8"), EMPTY_OPEN) == 401


@pytest.mark.parametrize(
    ("told", "who"),
    [
        (["1.1.1.1, 8.8.8.8"], "8.8.8.8"),
        (["1.1.1.1", "8.8.8.8, 10.0.0.2"], "8.8.8.8"),
        (["8.8.8.8:4711"], "8.8.8.8"),
        (["[2001:db8::7]:443"], "2001:db8::7"),
        (["8.8.8.8, ::ffff:10.0.0.3"], "8.8.8.8"),
        (["1.1.1.1, unknown"], "10.0.0.9"),
        ([""], "10.0.0.9"),
        ([], "10.0.0.9"),
    ],
)
def test_a_trusted_proxy_is_believed_in_the_last_address_that_is_none(told: list[str], who: str) -> None:
    trusted = (ip_network("10.0.0.0/8"),)
    headers = tuple(("x-forwarded-for", one) for one in told)
    assert sender(Asked("POST", "/login", "", "10.0.0.9", "1.1", headers), trusted) == who
    assert sender(Asked("POST", "/login", "", "9.9.9.9", "1.1", headers), trusted) == "9.9.9.9"
    assert sender(Asked("POST", "/login", "", "10.0.0.9", "1.1", headers), ()) == "10.0.0.9"
