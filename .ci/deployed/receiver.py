"""The merchant's shop: an address on loopback that takes messages, and verifies them as others' libraries do."""

import http.server
import json
import threading

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class Shop:
    """`with Shop() as shop`. It refuses the first attempt at the first message, as a shop that restarts."""

    def __init__(self):
        self.key = None
        self.taken = []
        self.refused = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/quittance"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()

    def _status(self, headers, body):
        try:
            Webhook(self.key).verify(body, {name.lower(): value for name, value in headers.items()})
        except WebhookVerificationError as error:
            self.refused.append(str(error))
            return 401
        if not self.refused:
            self.refused.append("not yet")
            return 503
        self.taken.append(json.loads(body))
        return 204

    def _handler(shop):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                self.send_response(shop._status(self.headers, body))
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler
