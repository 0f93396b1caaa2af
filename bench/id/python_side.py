"""The other libraries' estimates, the paper's procedure, and the points for all sides."""

import gc
import importlib
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from serve import milliseconds, serve

# The imports of each method, whose seconds do not count as time of the estimate.
LIBRARIES = {"dadapy": "dadapy", "skdim": "skdim.id", "faiss": "faiss"}

points = None
threads = 1


def manifold(n, d, dimension=10, seed=0):
    """A curved manifold of a given dimension in d dimensions."""
    random = np.random.default_rng(seed)
    inner = random.uniform(-1, 1, (n, dimension)).astype(np.float32)
    bend = random.normal(size=(dimension, 64)).astype(np.float32)
    return np.tanh(inner @ bend) @ random.normal(size=(64, d)).astype(np.float32) / 8


def activations(n, channels, path, seed=0):
    """Outputs of ResNet-18's conv1 (width 64, on MNIST's digits): from raw pictures [n, 32, 32] of a file."""
    torch.manual_seed(seed)
    pictures = torch.from_numpy(np.fromfile(path, np.float32).reshape(-1, 1, 32, 32)[:n])
    stem = torch.nn.Sequential(
        torch.nn.Conv2d(1, channels, 3, padding=1, bias=False), torch.nn.BatchNorm2d(channels), torch.nn.ReLU()
    )
    with torch.no_grad():
        stem(pictures[::20])  # statistics of a batch
        stem.eval()
        return torch.cat([stem(part).flatten(1) for part in pictures.split(500)]).numpy()


def write(request):
    n, d = request["n"], request["d"]
    if request.get("pictures"):
        x = activations(n, d // 1024, request["pictures"])
    else:
        x = manifold(n, d)
    with open(request["file"], "wb") as file:
        np.array(x.shape, np.int32).tofile(file)
        np.ascontiguousarray(x, np.float32).tofile(file)
    return {"n": x.shape[0], "d": x.shape[1]}


def write_layers(request):
    """Hidden states of many layers in one .npy file [layers, n, d] of float16: manifolds of dimension 5, 6, 7, ..."""
    layers, n, d = request["layers"], request["n"], request["d"]
    stack = np.lib.format.open_memmap(request["file"], "w+", np.float16, (layers, n, d))
    for i in range(layers):
        stack[i] = manifold(n, d, dimension=5 + i, seed=i)
    stack.flush()
    return {}


def layers(request):
    """DADApy's estimate at each layer of such a file, one layer in memory at a time."""
    from dadapy import Data

    def estimate():
        stack = np.load(request["file"], mmap_mode="r")
        return [
            float(Data(layer.astype(np.float32), n_jobs=request["threads"], verbose=False).compute_id_2NN()[0])
            for layer in stack
        ]

    before = resident("VmRSS")
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    ms, values = milliseconds(estimate)
    return {"ms": [ms], "values": values, "extraMegabytes": resident("VmHWM") - before}


def resident(key):
    """A line of this process's status, in MB, on Linux."""
    if sys.platform != "linux":
        return float("nan")
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024 / 1e6


def setup(request):
    global points, threads
    points = None
    gc.collect()
    n, d = np.fromfile(request["file"], np.int32, 2)
    points = np.fromfile(request["file"], np.float32, offset=8).reshape(n, d)
    threads = request["threads"]
    torch.set_num_threads(threads)
    if library := LIBRARIES.get(request.get("method")):
        importlib.import_module(library)
    return {"version": ""}


def dadapy():
    from dadapy import Data

    return float(Data(points, n_jobs=threads, verbose=False).compute_id_2NN()[0])


def skdim():
    from skdim.id import TwoNN

    return float(TwoNN().fit(points).dimension_)


def fit(mu, discard=0.1):
    """The fit of a line through the origin, as in the paper's code."""
    mu = torch.sort(mu).values.double()
    n = int(len(mu) * (1 - discard))
    y = -torch.log(1 - torch.arange(1, n + 1, dtype=torch.float64) / len(mu))
    x = torch.log(mu[:n])
    return float((x @ y) / (x @ x))


def faiss():
    """FAISS's exact search, which finds the point itself first, and the same fit."""
    import faiss as library

    library.omp_set_num_threads(threads)
    index = library.IndexFlatL2(points.shape[1])
    index.add(points)
    squares, _ = index.search(points, 3)
    near = torch.from_numpy(squares).sqrt()
    return fit(near[:, 2] / near[:, 1])


def paper(subsamples=20):
    """Twenty random subsamples of 90 % of the points, each with a full distance matrix and a sort of every row."""
    values = []
    x = torch.from_numpy(points)
    for i in range(subsamples):
        generator = torch.Generator().manual_seed(i)
        part = x[torch.randperm(len(x), generator=generator)[: int(0.9 * len(x))]]
        near = torch.sort(torch.cdist(part, part), dim=1).values
        values.append(fit(near[:, 2] / near[:, 1]))
    return float(np.mean(values))


def full():
    """All products of two points, then the nearest of each row, which a search without a filter must compute."""
    x = torch.from_numpy(points)
    x = x - x.mean(0)
    squares = (x * x).sum(1)
    mu = []
    for rows in torch.arange(len(x)).split(1000):
        distances = squares[rows, None] + squares - 2 * x[rows] @ x.T
        near = torch.topk(distances, 3, largest=False).values.clamp(min=0).sqrt()
        mu.append(near[:, 2] / near[:, 1])
    return fit(torch.cat(mu))


METHODS = {"dadapy": dadapy, "skdim": skdim, "faiss": faiss, "paper": paper, "full": full}


def run(request):
    method = METHODS[request["method"]]
    options = {"subsamples": request["subsamples"]} if "subsamples" in request else {}
    ms, value = milliseconds(lambda: method(**options))
    return {"ms": [ms], "value": value}


def library_estimators():
    """The estimators of the libraries, with the number of neighbours that this project takes."""
    import skdim.id as sk
    from dadapy import Data

    def local(estimator, k):
        return lambda: estimator().fit(points, n_neighbors=k).dimension_

    def data(**options):
        return Data(points, n_jobs=threads, verbose=False, **options)

    return {
        "skdim CorrInt": lambda: sk.CorrInt().fit(points).dimension_,
        "skdim DANCo": lambda: sk.DANCo(random_state=0).fit(points).dimension_,
        "skdim ESS": local(sk.ESS, 100),
        "skdim FisherS": lambda: sk.FisherS().fit(points).dimension_,
        # Its own subsets have 3 to 6 points; these have the sizes and the number of this project's.
        "skdim KNN": lambda: sk.KNN(k=2, ps=np.array([5, 6, 7, 8, 9]) * len(points) // 10, M=10).fit(points).dimension_,
        "skdim lPCA": lambda: sk.lPCA(ver="ratio", alphaRatio=0.95).fit(points).dimension_,
        "skdim MADA": local(sk.MADA, 20),
        "skdim MLE": local(sk.MLE, 20),
        "skdim MOM": local(sk.MOM, 100),
        "skdim MiND_ML": lambda: sk.MiND_ML(k=20, D=40).fit(points).dimension_,
        "skdim TLE": local(sk.TLE, 20),
        "skdim TwoNN": lambda: sk.TwoNN().fit(points).dimension_,
        "DADApy 2NN with prior": lambda: data().compute_id_2NN_wprior()[0],
        "DADApy binomial": lambda: data(maxk=21).compute_id_binomial_k(20, 0.5, bayes=False)[0],
        "DADApy ABIDE": lambda: data(maxk=100).return_ids_kstar_binomial()[0][-1],
    }


def estimator(request):
    method = library_estimators()[request["library"]]
    ms, value = milliseconds(method)
    return {"ms": [ms], "value": float(value)}


serve(
    {
        "write": write,
        "setup": setup,
        "run": run,
        "write_layers": write_layers,
        "layers": layers,
        "estimator": estimator,
    }
)
