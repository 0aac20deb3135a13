// Starts Swagger UI. A file of its own, as the page's policy runs no script that stands in the page.
"use strict";

document.body.style.margin = "0";

SwaggerUIBundle({
  dom_id: "#page",
  url: "openapi.json",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  queryConfigEnabled: false, // else a link to this page could make it show another document
  tryItOutEnabled: true,
  validatorUrl: null, // else it would send the document's address to swagger.io
});
