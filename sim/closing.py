"""What is closed at the end of a `with`."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from types import TracebackType

__all__ = ["Closing"]


class Closing(AbstractContextManager, ABC):  # type: ignore[type-arg]
    """A context manager that is its own, and is closed however its block ends."""

    @abstractmethod
    def close(self) -> None:
        """End it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
