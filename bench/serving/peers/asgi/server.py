"""The least that answers: no validation, no log, no limits."""

import sys

import msgspec
import numpy as np
import onnxruntime
import uvicorn

GRAPH, PORT = sys.argv[1], int(sys.argv[2])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
SESSION = onnxruntime.InferenceSession(GRAPH, options, providers=["CPUExecutionProvider"])
NAMES = [f"f{place}" for place in range(13)]
decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode


async def app(scope, receive, send):
    if scope["path"] != "/predict":
        raise ValueError(scope["path"])
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    matrix = np.array([[row[name] for name in NAMES] for row in decode(body)["rows"]], np.float32)
    (values,) = SESSION.run(None, {"X": matrix})
    answer = encode({"predictions": [{"units": value} for value in values[:, 0].tolist()]})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", access_log=False, lifespan="off")
