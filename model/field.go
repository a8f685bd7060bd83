package model

import "sieve/model/tensor"

// This file says which pixels a number of a network depends on, and which it can change, by
// walking the plan.

// Fields are the receptive fields of a network for pictures of one size. They are exact: with
// weights none of which is 0, every pixel at the edge of a field changes what it is the field
// of, and no other does.
type Fields struct {
	net  *net
	h, w int
}

// Fields returns those for pictures of h × w pixels. The spec must be valid.
func (s Spec) Fields(h, w int) *Fields {
	ph, pw := padded(h, w, s.Cell())
	return &Fields{layOut(s, nil, ph, pw, 0), h, w}
}

// Cells returns the height and width of the latent.
func (f *Fields) Cells() (h, w int) {
	n := f.net.nodes[f.net.latents[0]]
	return n.h, n.w
}

// Seen returns the pixels that the cell in row y and column x of the latent depends on: all
// its numbers, of a recurrent body those of all passes.
func (f *Fields) Seen(y, x int) Rect {
	return f.Of(Site{Layer: f.net.nodes[f.net.latents[0]].place}, y, x)
}

// SeenBy returns the cells that depend on the pixel in row y and column x.
func (f *Fields) SeenBy(y, x int) Rect {
	p := f.net.nodes[f.net.picture]
	far := make([]Rect, len(f.net.nodes))
	// Beyond the edge stand mirrored pixels.
	far[f.net.picture] = rectOf(doubles(y, f.h, p.h), doubles(x, f.w, p.w))
	f.net.spreads(far, nil)
	var all Rect
	for _, i := range f.net.latents {
		all = all.Union(far[i])
	}
	return all
}

// Shown returns the pixels of the result that the cell in row y and column x can change, all
// else being equal.
func (f *Fields) Shown(y, x int) Rect {
	far := make([]Rect, len(f.net.nodes))
	for _, i := range f.net.latents {
		far[i] = Rect{y, x, y + 1, x + 1}
	}
	f.net.spreads(far, f.net.decoding())
	return far[f.net.out].Intersect(Rect{0, 0, f.h, f.w})
}

// Of returns the pixels of the picture that what a site has in row y and column x depends on.
func (f *Fields) Of(at Site, y, x int) Rect {
	of := map[int]Rect{}
	for _, i := range f.net.at(at) {
		of[i] = Rect{y, x, y + 1, x + 1}
	}
	if len(of) == 0 {
		panic("model: fields: there is no such site")
	}
	return f.mirrored(f.net.needs(of, nil)[f.net.picture])
}

// mirrored returns the pixels of the picture itself that those of one with mirrored edges are.
func (f *Fields) mirrored(r Rect) Rect {
	if r.Empty() {
		return r
	}
	return rectOf(folded(r.rows(), f.h), folded(r.cols(), f.w))
}

// folded returns which of n pixels those of a mirrored row are.
func folded(s span, n int) span {
	first, end := n, 0
	for i := s.first; i < s.end; i++ {
		at := tensor.Mirror(i, n)
		first, end = min(first, at), max(end, at+1)
	}
	return span{first, end}
}

// doubles returns where, of a row of n pixels mirrored to m, the i-th stands.
func doubles(i, n, m int) span {
	s := span{i, i + 1}
	for k := n; k < m; k++ {
		if tensor.Mirror(k, n) == i {
			s.end = k + 1
		}
	}
	return s
}
