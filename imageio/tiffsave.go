package imageio

import "io"

func encodeTIFF(w io.Writer, p *Picture, depth int) error { return ErrUnsupported }
