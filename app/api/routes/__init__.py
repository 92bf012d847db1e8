"""One file of routes per resource; what is asked and answered stands in app.api.schemas."""
