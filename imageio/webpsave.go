package imageio

import (
	"fmt"
	"image"
	"io"

	"github.com/deepteams/webp"

	"sieve/model/tensor"
)

// EncodeWebP writes a picture (1, H, W, C) as lossy WebP, at a quality from 0 to 100.
func EncodeWebP(w io.Writer, pix *tensor.Tensor, quality int) error {
	_, height, width, _ := pix.Dims4()
	if max(height, width) > webp.MaxDimension {
		return fmt.Errorf("%w: WebP ends at %d pixels a side", ErrTooLarge, webp.MaxDimension)
	}
	o := webp.DefaultOptions()
	o.Quality = float32(quality)
	o.Segments = 1           // its segments cost quality: with them, it needs a fifth more bits than cwebp for the same PSNR
	rgba := ToRGBA(nil, pix) // opaque, so that it may be called NRGBA
	return webp.Encode(w, &image.NRGBA{Pix: rgba.Pix, Stride: rgba.Stride, Rect: rgba.Rect}, o)
}
