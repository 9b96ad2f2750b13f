"""Pictures of what every layer makes of one image."""

from html import escape

import numpy as np
import numpy.typing as npt

from flow.charts import pixels
from flow.demo_result import DemoResult

__all__ = ["feature_maps"]


def feature_maps(result: DemoResult, image: int) -> str:
    """A figure for the image and for each layer, with a picture of each channel.

    Ink is the value's magnitude over the largest of the tensor; zero is blank. A tensor of one
    pixel is a strip, one square a channel.
    """
    shown = [("scanned digit", result.held_out.images[image])]
    for layer in result.layers:
        zero_point = int(layer.quantization.zero_point)
        values = layer.outputs[image].astype(np.float64) - zero_point
        shown.append((layer.name, values))
    return "\n".join(_figure(name, values) for name, values in shown)


def _figure(name: str, values: npt.NDArray[np.floating]) -> str:
    shares = values / max(float(np.abs(values).max()), 1e-9)
    height, width, channels = values.shape
    if height * width == 1:
        label = f"Outputs of {name}, from channel 0 on"
        pictures = [pixels(shares.reshape(1, channels), label=label)]
        kept = "maps strip"
    else:
        pictures = [
            pixels(shares[..., channel], label=f"Channel {channel} of {name}")
            for channel in range(channels)
        ]
        kept = "maps"
    size = " × ".join(map(str, values.shape))
    return (
        f'<figure class="layer"><figcaption><b>{escape(name)}</b> {size}</figcaption>'
        f'<div class="{kept}">{"".join(pictures)}</div></figure>'
    )
