// Starts ReDoc. A file of its own, as the page's policy runs no script that stands in the page.
"use strict";

document.body.style.margin = "0";

Redoc.init("openapi.json", { sanitize: true }, document.getElementById("page"));
