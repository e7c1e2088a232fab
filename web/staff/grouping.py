"""Questions → groups that mean the same, by their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.cluster import AgglomerativeClustering

from corpus.fold import fold
from web.storage.questions import Open

# Cosine distance (mean over all pairs) up to which two groups are one, set by hand. Among the tuning's 35 groups and 195
# questions that the plan does not answer, 0.10 brings two fifths of the pairs that ask the same together, and most pairs
# that it joins share their subject only: the list is in groups to be read sooner, not to be counted on.
MAX_DISTANCE = 0.10


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that mean the same. `lead` is the one that is nearest to all of them; `rated` were answered badly."""

    lead: str
    questions: tuple[Open, ...]

    @property
    def count(self) -> int:
        """How many times it was asked."""
        return len(self.questions)

    @property
    def rated(self) -> int:
        """How many answers of it were found not useful."""
        return sum(question.rated for question in self.questions)

    @property
    def texts(self) -> Sequence[str]:
        """The different wordings, the most frequent first."""
        texts = [question.text for question in self.questions]
        return sorted(dict.fromkeys(texts), key=lambda text: (-texts.count(text), text))

    @property
    def ids(self) -> str:
        """The ids as a form sends them."""
        return ",".join(str(question.id) for question in self.questions)


def group_questions(questions: Sequence[Open], vectors: npt.NDArray[np.float32]) -> list[Group]:
    """Return the groups, the largest first; none for no questions.

    Args:
        questions: in any order.
        vectors: one of unit length for each, shape (questions, dimension).
    """
    if not questions:
        return []
    labels = cluster(vectors, MAX_DISTANCE)
    groups = []
    for label in dict.fromkeys(labels):
        rows = [row for row, its in enumerate(labels) if its == label]
        middle = vectors[rows].sum(axis=0)
        lead = max(rows, key=lambda row: (float(vectors[row] @ middle), -row))
        groups.append(Group(questions[lead].text, tuple(questions[row] for row in rows)))
    return sorted(groups, key=lambda group: (-group.count, fold(group.lead)))


def cluster(vectors: npt.NDArray[np.float32], max_distance: float) -> list[int]:
    """Return the number of the group of each vector, shape (vectors,); mean linkage over cosine distances."""
    if len(vectors) < 2:
        return [0] * len(vectors)
    model = AgglomerativeClustering(n_clusters=None, metric="cosine", linkage="average", distance_threshold=max_distance)
    return [int(label) for label in model.fit_predict(vectors)]
