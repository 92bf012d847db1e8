"""How the counters of one post move: fast at first, then ever slower, at times again after an echo, at times down."""

import random
from dataclasses import dataclass

from sandbox.posts import HOUR, MINUTE, Levels


@dataclass(frozen=True, slots=True)
class Growth:
    """All that decides a post's levels at any age. `fall` of what was there is taken back at `falls_at`."""

    sizes: tuple[float, float, float, float]
    tau: float
    power: float
    echo: float = 0.0
    echoes_at: float = 0.0
    fall: float = 0.0
    falls_at: float = 0.0

    def levels(self, age: int) -> Levels:
        if age <= 0:
            return Levels()
        part = (1 - self.echo) * self._grown(age) + self.echo * self._grown(age - self.echoes_at)
        lost = self.fall if self.fall and age >= self.falls_at else 0.0
        return Levels(*(max(0, int(size * part) - (int(size * lost) + 1 if lost else 0)) for size in self.sizes))

    def _grown(self, age: float) -> float:
        return 1 - (1 + age / self.tau) ** -self.power if age > 0 else 0.0


def grows(dice: random.Random, audience: int) -> Growth:
    """A post's fate, drawn at its birth: most stay nearly unseen, a few go far, a large audience helps."""
    likes = audience * 0.004 * dice.lognormvariate(0, 1.2) + dice.lognormvariate(-0.4, 1.1)
    likes = min(likes, audience * 0.3 + 40)
    sizes = (likes, likes * dice.uniform(0.06, 0.45), likes * dice.uniform(0.03, 0.25), likes * dice.uniform(0.0, 0.07))
    echo = dice.random() < 0.25
    falls = dice.random() < 0.08
    return Growth(
        sizes,
        tau=dice.lognormvariate(2.4, 0.4) * MINUTE,
        power=dice.uniform(0.32, 0.55),
        echo=dice.uniform(0.1, 0.6) if echo else 0.0,
        echoes_at=dice.lognormvariate(1.4, 0.9) * HOUR if echo else 0.0,
        fall=dice.uniform(0.005, 0.04) if falls else 0.0,
        falls_at=dice.lognormvariate(1.2, 1.2) * HOUR if falls else 0.0,
    )
