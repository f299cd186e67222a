// A page instead of a redirection, so that a browser coming from another site sends the strict cookie.
location.replace("/" + location.hash);
