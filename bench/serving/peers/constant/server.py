"""The same bytes for every request: what HTTP alone costs. `python server.py GRAPH PORT`."""

import sys

import uvicorn

ANSWER = b'{"predictions":[{"units":1.0}]}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]


async def app(scope, receive, send):
    if scope["path"] != "/predict":
        raise ValueError(scope["path"])
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False, lifespan="off")
