"""The HTTP API as something to connect to: each request becomes the event that API Gateway makes of it."""

import base64
import contextlib
import http.server
import threading
import time

# What HTTP APIs hand over as it is; anything else comes in base64.
TEXTS = ("text/", "application/json", "application/xml", "application/javascript")


@contextlib.contextmanager
def serve(answer):
    """`answer` makes an answer of an event, or None of one that the API has no route for. Yields the URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            try:
                reply = answer(event(self, body)) or {"statusCode": 404, "body": '{"message":"Not Found"}'}
            except Exception as error:
                # What API Gateway says of a function that fails, and on the desk why it did.
                reply = {"statusCode": 500, "body": str(error)}
            text = (reply.get("body") or "").encode()
            if reply.get("isBase64Encoded"):
                text = base64.b64decode(text)
            self.send_response(reply["statusCode"])
            for name, value in (reply.get("headers") or {}).items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = handle_any

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def event(request, body):
    """A request in payload format 2.0."""
    path, _, query = request.path.partition("?")
    headers = {}
    for name, value in request.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    made = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": {
                "method": request.command,
                "path": path,
                "protocol": request.request_version,
                "sourceIp": request.client_address[0],
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": "front",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "timeEpoch": int(time.time() * 1000),
        },
        "isBase64Encoded": False,
    }
    if body:
        try:
            text = body.decode() if headers.get("content-type", "application/json").startswith(TEXTS) else None
        except UnicodeDecodeError:
            text = None
        made["isBase64Encoded"] = text is None
        made["body"] = base64.b64encode(body).decode() if text is None else text
    return made
