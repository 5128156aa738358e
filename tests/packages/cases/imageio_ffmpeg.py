# /// script
# dependencies = ["imageio-ffmpeg"]
# ///
import imageio_ffmpeg


def GET():
    return {"value": imageio_ffmpeg.get_ffmpeg_version().split(".")[0].isalnum()}
