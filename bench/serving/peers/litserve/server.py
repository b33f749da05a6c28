"""An API of LitServe for the graph: `python server.py GRAPH PORT`."""

import sys

import litserve
import numpy as np
import onnxruntime

NAMES = [f"f{place}" for place in range(13)]


class Trees(litserve.LitAPI):
    def setup(self, _device):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])

    def decode_request(self, request):
        return np.array([[row[name] for name in NAMES] for row in request["rows"]], np.float32)

    def predict(self, x):
        (values,) = self.session.run(None, {"X": x})
        return values[:, 0]

    def encode_response(self, output):
        return {"predictions": [{"units": value} for value in output.tolist()]}


if __name__ == "__main__":
    server = litserve.LitServer(Trees(), accelerator="cpu", workers_per_device=1, timeout=60)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
