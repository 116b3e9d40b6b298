"""MTCNN (Zhang et al., arXiv 1604.02878): faces and five points on each, by three small networks.

P-Net looks at all places of a pyramid, R-Net and O-Net look closer at what is left. Written from
the paper and from the names and shapes of the weights in the wheel `facenet-pytorch`. Places are
(x, y) with the first pixel's centre at 0.5: a picture spans 0 to its width.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

CELL, STRIDE = 12, 2  # pixels: what P-Net sees, and how far apart it looks
FACTOR = 0.709  # between levels of the pyramid, about half the area
THRESHOLDS = 0.6, 0.7  # of P-Net's and R-Net's scores
MOST, MOST_FACES = 300, 10  # squares that R-Net looks at, and faces whose points are looked for
_MIRRORED = [1, 0, 2, 4, 3]  # the five points in a mirror
_TRIALS = [
    (0, 0, 1.05),
    *(
        (dx, dy, scale)
        for scale in (0.95, 1.15)
        for dx, dy in ((0, 0), (0.05, 0), (-0.05, 0), (0, 0.05), (0, -0.05))
    ),
]


class _PNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 10, 3), nn.PReLU(10)
        self.conv2, self.prelu2 = nn.Conv2d(10, 16, 3), nn.PReLU(16)
        self.conv3, self.prelu3 = nn.Conv2d(16, 32, 3), nn.PReLU(32)
        self.conv4_1, self.conv4_2 = nn.Conv2d(32, 2, 1), nn.Conv2d(32, 4, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = F.max_pool2d(self.prelu1(self.conv1(x)), 2, ceil_mode=True)
        x = self.prelu3(self.conv3(self.prelu2(self.conv2(x))))
        return self.conv4_1(x).softmax(1)[:, 1], self.conv4_2(x)


class _RNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 28, 3), nn.PReLU(28)
        self.conv2, self.prelu2 = nn.Conv2d(28, 48, 3), nn.PReLU(48)
        self.conv3, self.prelu3 = nn.Conv2d(48, 64, 2), nn.PReLU(64)
        self.dense4, self.prelu4 = nn.Linear(576, 128), nn.PReLU(128)
        self.dense5_1, self.dense5_2 = nn.Linear(128, 2), nn.Linear(128, 4)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = F.max_pool2d(self.prelu1(self.conv1(x)), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.prelu2(self.conv2(x)), 3, 2, ceil_mode=True)
        x = self.prelu4(self.dense4(_flat(self.prelu3(self.conv3(x)))))
        return self.dense5_1(x).softmax(1)[:, 1], self.dense5_2(x)


class _ONet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 32, 3), nn.PReLU(32)
        self.conv2, self.prelu2 = nn.Conv2d(32, 64, 3), nn.PReLU(64)
        self.conv3, self.prelu3 = nn.Conv2d(64, 64, 3), nn.PReLU(64)
        self.conv4, self.prelu4 = nn.Conv2d(64, 128, 2), nn.PReLU(128)
        self.dense5, self.prelu5 = nn.Linear(1152, 256), nn.PReLU(256)
        self.dense6_1, self.dense6_2 = nn.Linear(256, 2), nn.Linear(256, 4)
        self.dense6_3 = nn.Linear(256, 10)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        x = F.max_pool2d(self.prelu1(self.conv1(x)), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.prelu2(self.conv2(x)), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.prelu3(self.conv3(x)), 2, ceil_mode=True)
        x = self.prelu5(self.dense5(_flat(self.prelu4(self.conv4(x)))))
        points = self.dense6_3(x).view(-1, 2, 5).transpose(1, 2)  # all x, then all y
        return self.dense6_1(x).softmax(1)[:, 1], self.dense6_2(x), points


def _flat(x: torch.Tensor) -> torch.Tensor:
    """(N, C, h, w) as rows in the order w, h, C, in which the weights were trained."""
    return x.permute(0, 3, 2, 1).flatten(1)


@dataclass(frozen=True, eq=False)
class Detections:
    """Faces that were found."""

    boxes: np.ndarray  # (N, 4) left, top, right, bottom
    scores: np.ndarray  # (N,), 0 to 1
    points: np.ndarray  # (N, 5, 2): eyes, nose, corners of the mouth; left first, as seen upright


class MTCNN(nn.Module):
    """The three networks; `detect` is what to call."""

    def __init__(self) -> None:
        super().__init__()
        self.pnet, self.rnet, self.onet = _PNet(), _RNet(), _ONet()

    @classmethod
    def from_weights(cls, weights: dict[str, torch.Tensor]) -> "MTCNN":
        """The networks with these weights, frozen."""
        network = cls()
        network.load_state_dict(weights)
        return network.eval().requires_grad_(False)

    @torch.no_grad()
    def detect(self, image: torch.Tensor, smallest: float, sure: float) -> Detections:
        """Faces in a picture (1, 3, H, W) of values (v - 127.5) / 128, the largest first.

        smallest: side of a face, pixels.   sure: O-Net's score from which it is one.
        """
        levels = [image]
        while min(levels[-1].shape[2:]) >= 2:
            levels.append(F.avg_pool2d(levels[-1], 2))
        boxes, scores = self._propose(image, smallest)
        for network, size, threshold in ((self.rnet, 24, THRESHOLDS[1]), (self.onet, 48, sure)):
            squares = _squares(boxes)
            scores, shifts, *_ = (t.numpy() for t in network(_sampled(levels, squares, size)))
            kept = scores > threshold
            boxes, scores = _shifted(squares, shifts)[kept], scores[kept]
            kept = _suppressed(boxes, scores, 0.7 if size == 24 else 0.4, of_smaller=size == 48)
            boxes, scores = boxes[kept], scores[kept]
        largest = np.argsort(-np.ptp(boxes.reshape(-1, 2, 2), axis=1).max(1))[:MOST_FACES]
        boxes, scores = boxes[largest], scores[largest]
        return Detections(boxes, scores, self._points(levels, boxes))

    def _propose(self, image: torch.Tensor, smallest: float) -> tuple[np.ndarray, np.ndarray]:
        height, width = image.shape[2:]
        scale, found_boxes, found_scores = CELL / smallest, [np.zeros((0, 4))], [np.zeros(0)]
        while min(height, width) * scale >= CELL:
            size = round(height * scale), round(width * scale)
            level = F.interpolate(image, size, mode="bilinear", antialias=True)
            score, shifts = self.pnet(level)
            y, x = np.nonzero(score[0].numpy() > THRESHOLDS[0])
            corners = np.stack([x, y, x, y], 1) * STRIDE + np.array([0, 0, CELL, CELL])
            corners = corners * np.tile([width / size[1], height / size[0]], 2)
            found, certain = _shifted_boxes(corners, shifts[0][:, y, x].T.numpy()), score[0][y, x]
            kept = _suppressed(corners, certain.numpy(), 0.5)[:MOST]
            found_boxes.append(found[kept])
            found_scores.append(certain.numpy()[kept])
            scale *= FACTOR
        boxes, scores = np.concatenate(found_boxes), np.concatenate(found_scores)
        kept = _suppressed(boxes, scores, 0.7)[:MOST]
        return boxes[kept], scores[kept]

    def _points(self, levels: list[torch.Tensor], boxes: np.ndarray) -> np.ndarray:
        """The five points (N, 5, 2) by looking again where the last points say that the face is,
        turned upright, at several squares and their mirror images; their mean scatters less."""
        squares = _squares(boxes)
        points = _placed(squares, self.onet(_sampled(levels, squares, 48))[2].numpy())
        for trials in (_TRIALS[:1], _TRIALS) if len(boxes) else ():
            x, y, side, angle = _around(points)
            squares = np.concatenate(
                [
                    np.column_stack([x + dx * side, y + dy * side, scale * side, angle])
                    for dx, dy, scale in trials
                ]
            )
            image = _sampled(levels, squares, 48)
            mirrored = self.onet(image.flip(3))[2].numpy()[:, _MIRRORED] * [-1, 1] + [1, 0]
            found = (self.onet(image)[2].numpy() + mirrored) / 2
            points = _placed(squares, found).reshape(len(trials), -1, 5, 2).mean(0)
        return points


def _around(points: np.ndarray) -> np.ndarray:
    """Squares (4, N) x, y, side, angle about faces with these points (N, 5, 2), as `_TRIALS` suit
    them best: measured by how little what comes of them scatters on aligned pictures."""
    eyes, mouth = points[:, :2].mean(1), points[:, 3:].mean(1)
    across, down = points[:, 1] - points[:, 0], mouth - eyes
    side = np.maximum(2.4 * np.hypot(*across.T), 2.16 * np.hypot(*down.T)).clip(1)
    angle = np.arctan2(across[:, 1] - down[:, 0], across[:, 0] + down[:, 1])
    return np.stack([*(eyes + 0.4 * down).T, side, angle])


def _squares(boxes: np.ndarray) -> np.ndarray:
    """Boxes (N, 4) as squares about the same centre: (N, 4) x, y, side, angle 0."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    side = (boxes[:, 2:] - boxes[:, :2]).max(1, initial=1.0)
    return np.column_stack([centre, side, np.zeros(len(boxes))])


def _shifted(squares: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Upright squares moved by a network's regression, as boxes."""
    half = squares[:, 2:3] / 2
    return _shifted_boxes(np.hstack([squares[:, :2] - half, squares[:, :2] + half]), shifts)


def _shifted_boxes(boxes: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Boxes whose four sides are moved by shares of their width and height."""
    return boxes + shifts * np.tile(boxes[:, 2:] - boxes[:, :2], 2)


def _placed(squares: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (N, 5, 2) given as shares of their squares, in the picture."""
    x, y, side, angle = (squares[:, i, None] for i in range(4))
    u, v = (points[..., 0] - 0.5) * side, (points[..., 1] - 0.5) * side
    return np.stack(
        [x + u * np.cos(angle) - v * np.sin(angle), y + u * np.sin(angle) + v * np.cos(angle)], -1
    )


def _sampled(levels: list[torch.Tensor], squares: np.ndarray, size: int) -> torch.Tensor:
    """Squares of a picture, (N, 3, size, size); grey where they lie beyond it.

    levels: the picture, and halved again and again; each square is read from the one in which it
    is one to two pixels a sample, at twice the size, so that nothing aliases.
    """
    out = torch.zeros(len(squares), 3, size, size)
    step = np.arange(2 * size) / (2 * size) + 0.25 / size
    u, v = np.meshgrid(step, step)
    grid = np.stack([u, v], -1).reshape(1, -1, 2).repeat(len(squares), 0)
    places = _placed(squares, grid).reshape(len(squares), 2 * size, 2 * size, 2)
    level = np.log2(np.maximum(squares[:, 2], 1) / (2 * size)).astype(int)
    level = np.clip(level, 0, len(levels) - 1)
    for i in np.unique(level):
        source, chosen = levels[i], np.flatnonzero(level == i)
        extent = np.array(source.shape[:1:-1]) * 2**i  # halves of odd sides drop their last line
        where = torch.from_numpy(2 * places[chosen] / extent - 1).float()
        found = F.grid_sample(source, where.flatten(0, 1)[None], align_corners=False)
        found = F.avg_pool2d(found[0], 2).unflatten(1, (len(chosen), size))  # all below each other
        out[chosen] = found.transpose(0, 1)
    return out


def _suppressed(
    boxes: np.ndarray, scores: np.ndarray, overlap: float, of_smaller: bool = False
) -> np.ndarray:
    """Indices of boxes that no surer one covers, the surest first.

    overlap: intersection over union, or over the smaller of the two, from which one is covered.
    """
    order, kept = np.argsort(-scores, kind="stable"), []
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    while len(order):
        first, order = order[0], order[1:]
        kept.append(first)
        sides = (
            np.minimum(boxes[first, 2:], boxes[order, 2:])
            - np.maximum(boxes[first, :2], boxes[order, :2])
        ).clip(0)
        common = sides.prod(1)
        whole = (
            np.minimum(area[first], area[order])
            if of_smaller
            else area[first] + area[order] - common
        )
        order = order[common < overlap * np.maximum(whole, 1e-9)]
    return np.array(kept, int)
