package model

import (
	"slices"
	"testing"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// linearised returns a model that makes nothing of nothing, with positive weights: whatever
// is there somewhere shows in everything that depends on it.
func linearised(t *testing.T, s Spec, size float32) *Model {
	t.Helper()
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.params() {
		for i := range p.Val.Data {
			p.Val.Data[i] = float32(1+i%3) * size
		}
		if len(p.Val.Shape) == 1 {
			clear(p.Val.Data)
		}
	}
	if m.loop != nil { // what is added is negative, so that more is missing, which passes the first activation
		last := m.loop.up[s.Depth-1].W.Val.Data
		for i := range last {
			last[i] = -last[i]
		}
	}
	return m
}

// at computes what some nodes have, of a picture.
func at(t *testing.T, m *Model, x *tensor.Tensor, of []int) [][]float32 {
	t.Helper()
	_, h, w, _ := x.Dims4()
	ph, pw := padded(h, w, m.Cell())
	g := m.net(ph, pw, 0)
	want := map[int]Rect{}
	for _, i := range of {
		want[i] = g.nodes[i].all()
	}
	s := newSheet(g, nn.NewForms(""), true)
	if err := s.build(t.Context(), g.plan(want, nil, func(int) bool { return true }), sourceOf(g, x), nil); err != nil {
		t.Fatal(err)
	}
	var all [][]float32
	for _, i := range of {
		all = append(all, slices.Clone(s.panes[i].data))
	}
	return all
}

// TestFieldsAreExact changes pixels, and compares which numbers change with what fields say.
// All that is in a field has to show, and nothing outside of it may.
func TestFieldsAreExact(t *testing.T) {
	base := DefaultSpec()
	base.Channels, base.Width, base.Latent, base.Activation, base.Blocks = 1, 4, 3, "silu", 1
	kind := func(name string, h, w int, change func(*Spec)) {
		t.Run(name, func(t *testing.T) {
			s := base
			change(&s)
			size := float32(1. / 64)
			if s.Body == "recurrent" {
				size = 1. / 12
			}
			m := linearised(t, s, size)
			f := s.Fields(h, w)
			g := f.net
			nodes := append([]int(nil), g.latents...)
			for site := range sites(s, h, w) {
				ends := g.at(site)
				if len(ends) == 0 {
					t.Fatalf("%v is nowhere", site)
				}
				nodes = append(nodes, ends[len(ends)-1])
			}
			x := tensor.New(1, h, w, 1)
			big := float32(1e12)
			if s.Body == "recurrent" { // whose gates close before large numbers; grey is nothing to it
				big = 1
				for i := range x.Data {
					x.Data[i] = unseen
				}
			}
			before := at(t, m, x, nodes)
			zh, zw := f.Cells()
			for _, p := range [][2]int{{0, 0}, {h - 1, w - 1}, {h / 2, w / 3}, {h/2 + 1, w / 2}, {h - 2, 3}, {5, w - 3}} {
				y := x.Clone()
				y.Data[p[0]*w+p[1]] += big
				after := at(t, m, y, nodes)
				var hit Rect
				for k, i := range nodes {
					n := g.nodes[i]
					for cy := range n.h {
						for cx := range n.w {
							a := (cy*n.w + cx) * n.c
							changed := !slices.Equal(before[k][a:a+n.c], after[k][a:a+n.c])
							r := f.of(i, cy, cx)
							if changed != r.Contains(Rect{p[0], p[1], p[0] + 1, p[1] + 1}) {
								t.Fatalf("node %d (%s, layer %d), %d, %d sees %v: pixel %v changes it: %v", i, n.kind, n.place, cy, cx, r, p, changed)
							}
							if changed && k < len(g.latents) {
								hit = hit.Union(Rect{cy, cx, cy + 1, cx + 1})
							}
						}
					}
				}
				if got := f.SeenBy(p[0], p[1]); got != hit {
					t.Errorf("pixel %v is seen by %v, and changes %v", p, got, hit)
				}
			}
			o, err := m.Open(t.Context(), x, 0, 0, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			was := tensor.New(x.Shape...)
			all := Rect{0, 0, h, w}
			for _, cell := range [][2]int{{0, 0}, {zh - 1, zw - 1}, {zh / 2, zw / 2}} {
				z := o.Latent().Clone()
				c := s.Numbers()
				clear(z.Data)
				if _, err := o.Decode(t.Context(), z, all, was, nil); err != nil {
					t.Fatal(err)
				}
				for k := range c {
					z.Data[(cell[0]*zw+cell[1])*c+k] += big
				}
				now := tensor.New(x.Shape...)
				if _, err := o.Decode(t.Context(), z, all, now, nil); err != nil {
					t.Fatal(err)
				}
				var hit Rect
				for i, v := range now.Data {
					if v != was.Data[i] {
						hit = hit.Union(Rect{i / w, i % w, i/w + 1, i%w + 1})
					}
				}
				if got := f.Shown(cell[0], cell[1]); got != hit {
					t.Errorf("cell %v shows in %v, and changes %v", cell, got, hit)
				}
			}
		})
	}
	kind("conv", 39, 53, func(*Spec) {})
	kind("kernel 5", 40, 56, func(s *Spec) { s.Kernel = 5 })
	kind("kernel 7, depth 1", 40, 46, func(s *Spec) { s.Kernel, s.Depth = 7, 1 })
	kind("nearest", 40, 56, func(s *Spec) { s.Up = "nearest" })
	kind("skips", 64, 72, func(s *Spec) { s.Skips, s.Depth = true, 3 })
	kind("depth 0", 20, 21, func(s *Spec) { s.Depth, s.Blocks = 0, 0 })
	kind("unet", 61, 90, func(s *Spec) { s.Body, s.Depth, s.Output = "unet", 3, "residual" })
	kind("shuffle", 64, 96, func(s *Spec) { s.Body, s.Depth = "shuffle", 3 })
	kind("linear", 24, 40, func(s *Spec) { s.Body, s.Depth, s.Patch = "linear", 0, 8 })
	kind("recurrent", 40, 48, func(s *Spec) { s.Body, s.Depth, s.Passes = "recurrent", 1, 2 })
}

// of returns the field of a node.
func (f *Fields) of(i, y, x int) Rect {
	return f.mirrored(f.net.needs(map[int]Rect{i: {y, x, y + 1, x + 1}}, nil)[f.net.picture])
}

// TestVectorsSeeEverything holds for latents of one cell.
func TestVectorsSeeEverything(t *testing.T) {
	for _, body := range []string{"conv", "linear"} {
		s := DefaultSpec()
		s.Body, s.Patch, s.Crop = body, 7, 28
		if body == "linear" {
			s.Patch, s.Depth = 28, 0
		}
		f, all := s.Fields(28, 28), Rect{0, 0, 28, 28}
		if got := f.Seen(0, 0); got != all {
			t.Errorf("%s: a vector sees %v", body, got)
		}
		if got := f.Shown(0, 0); got != all {
			t.Errorf("%s: a vector shows in %v", body, got)
		}
		if got := f.SeenBy(13, 4); got != (Rect{0, 0, 1, 1}) {
			t.Errorf("%s: a pixel is seen by %v", body, got)
		}
	}
}
