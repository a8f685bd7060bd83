package main

// grid is a function of x and z by its values on a lattice: w × h nodes, step apart, the
// first at (x, z).
type grid struct {
	w, h       int
	x, z, step float64
	v          []float64
}

// tabulate measures f over x in ±wide and z in ±long.
func tabulate(wide, long, step float64, f func(x, z float64) float64) *grid {
	g := &grid{w: int(2*wide/step) + 2, h: int(2*long/step) + 2, x: -wide, z: -long, step: step}
	g.v = make([]float64, g.w*g.h)
	for i := range g.v {
		g.v[i] = f(float64(i%g.w)*step-wide, float64(i/g.w)*step-long)
	}
	return g
}

// cell finds the four nodes about a place, v[k] the first, and where between them it is.
func (g *grid) cell(x, z float64) (k int, u, v float64) {
	u = min(max((x-g.x)/g.step, 0), float64(g.w)-1.001)
	v = min(max((z-g.z)/g.step, 0), float64(g.h)-1.001)
	i, j := int(u), int(v)
	return j*g.w + i, u - float64(i), v - float64(j)
}

// height reads between the nodes; beyond the edge it is that of the edge.
func (g *grid) height(x, z float64) float64 {
	k, u, v := g.cell(x, z)
	return lerp(lerp(g.v[k], g.v[k+1], u), lerp(g.v[k+g.w], g.v[k+g.w+1], u), v)
}

// slope is the gradient of height.
func (g *grid) slope(x, z float64) (dx, dz float64) {
	k, u, v := g.cell(x, z)
	a, b, c, d := g.v[k], g.v[k+1], g.v[k+g.w], g.v[k+g.w+1]
	return lerp(b-a, d-c, v) / g.step, lerp(c-a, d-b, u) / g.step
}

// heap adds y at a place, shared between the four nodes about it.
func (g *grid) heap(x, z, y float64) {
	k, u, v := g.cell(x, z)
	g.v[k] += y * (1 - u) * (1 - v)
	g.v[k+1] += y * u * (1 - v)
	g.v[k+g.w] += y * (1 - u) * v
	g.v[k+g.w+1] += y * u * v
}
