"""PyTorch's side of the training steps."""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from resnet import resnet18
from serve import milliseconds, serve

step = None
device = torch.device("cpu")


def transformer(request):
    from transformers import GPT2Config, GPT2ForSequenceClassification

    batch, width, depth = request["batch"], request["width"], request["depth"]
    dropout = request.get("dropout", 0.1)
    torch.manual_seed(request.get("seed", 0))
    tensors = load_file(request["file"])
    tokens, labels = tensors.pop("tokens").long(), tensors.pop("labels").long()
    prime = tensors["score.weight"].shape[0]
    config = GPT2Config(
        vocab_size=prime + 4, n_positions=4, n_embd=width, n_layer=depth, n_head=4, num_labels=prime,
        pad_token_id=prime + 3, use_cache=False, embd_pdrop=dropout, attn_pdrop=dropout, resid_pdrop=dropout,
    )  # fmt: skip
    model = GPT2ForSequenceClassification(config).to(device)
    tokens, labels = tokens.to(device), labels.to(device)
    missing = model.load_state_dict(tensors, strict=False)
    assert not missing.unexpected_keys and not [k for k in missing.missing_keys if not k.endswith("attn.bias")]
    model.train()
    adam = request["adam"]
    optimizer = torch.optim.Adam(
        model.parameters(), lr=adam["learningRate"], betas=(adam["beta1"], adam["beta2"]),
        weight_decay=adam["weightDecay"],
    )  # fmt: skip
    loss_of = lambda x, y: F.cross_entropy(model(input_ids=x).logits, y)
    if request["compile"]:
        loss_of = torch.compile(loss_of)
    i = -1

    def one():
        nonlocal i
        i = (i + 1) % (len(tokens) // batch)
        rows = slice(batch * i, batch * (i + 1))
        loss = loss_of(tokens[rows], labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return one


def resnet(request):
    torch.manual_seed(0)
    model = resnet18(request["width"]).to(device)
    x = torch.randn(request["batch"], 3, 32, 32, device=device)
    y = torch.arange(request["batch"], device=device) % 10
    if request["channelsLast"]:
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)

    def one():
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return one


def setup(request):
    global step, device
    torch.set_num_threads(request["threads"])
    if request["device"] == "GPU":
        device = torch.device("cuda")
        torch.set_float32_matmul_precision("high")  # products in TF32, as TensorFlow's and as PyTorch's convolutions
    step = {"transformer": transformer, "resnet": resnet}[request["network"]](request)
    return {"version": torch.__version__}


def run(request):
    times, losses = zip(*[milliseconds(step) for _ in range(request["steps"])])
    return {"ms": times, "losses": losses}


serve({"setup": setup, "run": run})
