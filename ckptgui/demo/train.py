"""Trains a small convolutional network on pictures of digits that it draws itself, saving every epoch.

Run as a process of its own (``python -m ckptgui.demo.train FOLDER``): this is the one module of the package
that imports torch, and it knows nothing of the rest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

EPOCHS = 8
SIDE = 20
TRAIN, TEST, BATCH = 4096, 1024, 64
SEED = 7

_FONT = (
    "01110 10001 10011 10101 11001 10001 01110", "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00110 01000 10000 11111", "01110 10001 00001 00110 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010", "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110", "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110", "01110 10001 10001 01111 00001 00010 01100",
)  # fmt: skip
"""The ten digits, five columns by seven rows."""


class DigitNet(nn.Module):
    """Two convolutions and two linear layers: large enough to learn, small enough to read."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(32 * (SIDE // 4) ** 2, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Scores of the ten digits for each picture."""
        scores: Tensor = self.classifier(self.features(pictures).flatten(1))
        return scores


def draw_digits(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """``count`` pictures of digits, each turned, scaled, moved and noisy, and which digit each one is."""
    font = torch.tensor([[[float(dot) for dot in row] for row in glyph.split()] for glyph in _FONT])
    labels = torch.randint(10, (count,), generator=generator)
    turn = (torch.rand(count, generator=generator) - 0.5) * 0.8
    grow = 1.4 + 0.8 * torch.rand(count, generator=generator)
    move = (torch.rand(count, 2, generator=generator) - 0.5) * 0.7
    affine = torch.stack(
        [
            torch.stack([grow * turn.cos() * 7 / 5, -grow * turn.sin(), move[:, 0]], 1),
            torch.stack([grow * turn.sin() * 7 / 5, grow * turn.cos(), move[:, 1]], 1),
        ],
        1,
    )
    grid = functional.affine_grid(affine, [count, 1, SIDE, SIDE], align_corners=False)
    pictures = functional.grid_sample(font[labels].unsqueeze(1), grid, align_corners=False)
    return pictures + 0.35 * torch.randn(pictures.shape, generator=generator), labels


def train(folder: Path) -> None:
    """Train for ``EPOCHS`` epochs and write ``epoch_1.pt`` … into ``folder``."""
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    pictures, labels = draw_digits(TRAIN, generator)
    unseen = draw_digits(TEST, generator)
    model = DigitNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS, eta_min=1e-5)
    for epoch in range(1, EPOCHS + 1):
        model.train()
        total = 0.0
        for batch in torch.split(torch.randperm(TRAIN, generator=generator), BATCH):
            loss = functional.cross_entropy(model(pictures[batch]), labels[batch])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            total += loss.item() * len(batch)
        scheduler.step()
        mean, accuracy = total / TRAIN, _accuracy(model, *unseen)
        saved = {
            "epoch": epoch,
            "model_state_dict": model.state_dict(),
            "optimizer_state_dict": optimizer.state_dict(),
            "scheduler_state_dict": scheduler.state_dict(),
            "loss": mean,
            "accuracy": accuracy,
        }
        _save(saved, folder / f"epoch_{epoch}.pt")
        sys.stdout.write(f"epoch {epoch} of {EPOCHS} · loss {mean:.3f} · accuracy {100 * accuracy:.1f} %\n")
        sys.stdout.flush()


def _accuracy(model: DigitNet, pictures: Tensor, labels: Tensor) -> float:
    model.eval()
    with torch.no_grad():
        return float((model(pictures).argmax(1) == labels).float().mean())


def _save(saved: dict[str, object], path: Path) -> None:
    """Whoever looks at the folder meanwhile finds a whole file or none."""
    partial = path.with_suffix(".part")
    torch.save(saved, partial)
    partial.replace(path)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    train(Path(sys.argv[1]))
