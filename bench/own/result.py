"""The result of a search: its outcome, which a terminal, a file and a notebook can show."""

from __future__ import annotations

from pathlib import Path

from bench.own.outcome import Outcome
from bench.own.page import to_fragment, to_html, to_markdown
from bench.own.report import TITLE, report
from bench.own.symmetry import save_symmetry
from bench.own.words import headline, verdict
from bench.records.atomic import writing

FILES = ("report.md", "report.html", "symmetry.json", "symmetry.npz")


class DiscoveryResult(Outcome):
    """What :func:`bench.discover` returns; a notebook shows it as the report."""

    def summary(self) -> str:
        """The answer in a few lines for a terminal."""
        lines = [headline(self.best), *(f"- {verdict(f)}" for f in self.best.findings), *self.best.families]
        return "\n".join([*lines, *(f"missing: {words}" for words in self.missing)])

    def save(self, folder: Path | str) -> Path:
        """Write the report, and the symmetry where there is one, into ``folder``, which is made.

        Raises:
            BenchError: when the file system refuses a write.
        """
        place = Path(folder)
        blocks = report(self)
        with writing(repr(str(place))):
            place.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                (place / name).unlink(missing_ok=True)  # of an earlier search
            (place / "report.md").write_text(to_markdown(blocks), encoding="utf-8")
            (place / "report.html").write_text(to_html(blocks, TITLE), encoding="utf-8")
            if self.best.kept:
                save_symmetry(self.symmetry, place)
        return place

    def _repr_html_(self) -> str:
        return to_fragment(report(self))
