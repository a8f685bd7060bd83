package imageio

import "golang.org/x/image/tiff"

func tiffHeader(in *input) (*header, error) {
	c, err := tiff.DecodeConfig(in.stream(0))
	if err != nil {
		return nil, in.wrong(err)
	}
	h := &header{width: c.Width, height: c.Height}
	h.Format, h.Depth, h.Channels = "tiff", 8, 3
	h.pixels = func(h *header) (*raster, error) {
		m, err := tiff.Decode(in.stream(0))
		if err != nil {
			return nil, in.wrong(err)
		}
		return h.fromImage(m)
	}
	return h, nil
}
