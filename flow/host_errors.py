"""What can go wrong between a host and an accelerator."""

from flow.errors import UserError

__all__ = ["LinkError", "OtherHardwareError", "ProgramStoppedError", "RefusedError"]


class LinkError(UserError):
    """No answer came, or none in time."""


class RefusedError(UserError):
    """The accelerator refused a request."""


class OtherHardwareError(UserError):
    """The hardware is not what the host was set up for."""


class ProgramStoppedError(UserError):
    """A program ended in an error."""
