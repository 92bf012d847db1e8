"""What goes in and out over HTTP, one file per resource. Examples here are the examples of the OpenAPI page."""
