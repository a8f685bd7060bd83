package embed

// This file adds up what many places do to one, those far away together.

import (
	"math"
	"slices"
)

const (
	levels   = 16 // bits of a place along either axis
	fullLeaf = 8  // places that are not parted any more
)

// A tree is a quadtree over places, in flat arrays and in the order of a Z-curve, in which what is
// near on the plane is near in memory (Morton 1966).
type tree struct {
	theta float32
	nodes []node
	order []int32   // numbers of the places along the curve
	at    []float32 // x and y of each place, along the curve
	keys  []uint64
	spare []uint64
}

// A node is a cell with the nodes of its parts behind it.
type node struct {
	x, y  float32 // mean of its places
	mass  float32 // how many they are
	reach float32 // the square of the distance beyond which it acts as one
	after int32   // the node behind its parts
	from  int32   // of its places along the curve; of a cell with parts, from and end are 0
	end   int32
}

// plant builds the tree over places, x and y of each.
func (t *tree) plant(y []float32) {
	n := len(y) / 2
	t.sort(y)
	t.nodes, t.at, t.order = t.nodes[:0], slices.Grow(t.at[:0], 2*n)[:2*n], slices.Grow(t.order[:0], n)[:n]
	for k, key := range t.keys {
		i := int32(uint32(key))
		t.order[k], t.at[2*k], t.at[2*k+1] = i, y[2*i], y[2*i+1]
	}
	t.grow(0, int32(n), 2*levels-2)
}

// sort puts the numbers of places into the order of the curve, with their codes above them.
func (t *tree) sort(y []float32) {
	n := len(y) / 2
	lx, ly, hx, hy := y[0], y[1], y[0], y[1]
	for i := 2; i < len(y); i += 2 {
		lx, hx = min(lx, y[i]), max(hx, y[i])
		ly, hy = min(ly, y[i+1]), max(hy, y[i+1])
	}
	scale := float32(0)
	if side := max(hx-lx, hy-ly); side > 0 {
		scale = (1<<levels - 1) / side
	}
	t.keys, t.spare = slices.Grow(t.keys[:0], n)[:n], slices.Grow(t.spare[:0], n)[:n]
	for i := range t.keys {
		code := apart(cell(y[2*i]-lx, scale)) | apart(cell(y[2*i+1]-ly, scale))<<1
		t.keys[i] = uint64(code)<<32 | uint64(i)
	}
	for shift := 32; shift < 64; shift += 8 { // by one byte after the other, the least first
		var begin [256]int
		for _, k := range t.keys {
			begin[byte(k>>shift)]++
		}
		sum := 0
		for b, count := range begin {
			begin[b] = sum
			sum += count
		}
		for _, k := range t.keys {
			b := byte(k >> shift)
			t.spare[begin[b]] = k
			begin[b]++
		}
		t.keys, t.spare = t.spare, t.keys
	}
}

// cell returns the number of the cell of a place along an axis.
func cell(off, scale float32) uint32 {
	return uint32(min(max(0, float32(off*scale)), 1<<levels-1))
}

// apart puts a 0 before each of 16 bits.
func apart(v uint32) uint32 {
	v = (v | v<<8) & 0x00ff00ff
	v = (v | v<<4) & 0x0f0f0f0f
	v = (v | v<<2) & 0x33333333
	return (v | v<<1) & 0x55555555
}

// A span is a rectangle around places.
type span struct{ lx, ly, hx, hy float32 }

// grow adds the node of the places from ≤ k < end, whose codes differ from bit on at most, and
// those of its parts.
func (t *tree) grow(from, end int32, bit int) (span, node) {
	at := len(t.nodes)
	t.nodes = append(t.nodes, node{})
	for bit >= 0 && end-from > fullLeaf && t.part(from, bit) == t.part(end-1, bit) {
		bit -= 2 // all in one part
	}
	var box span
	if bit < 0 || end-from <= fullLeaf {
		var n node
		box, n = t.leaf(from, end)
		t.nodes[at] = n
	} else {
		box = span{math.MaxFloat32, math.MaxFloat32, -math.MaxFloat32, -math.MaxFloat32}
		var x, y, mass float32
		for first := from; first < end; {
			last := first + 1
			for last < end && t.part(last, bit) == t.part(first, bit) {
				last++
			}
			b, n := t.grow(first, last, bit-2)
			box = span{min(box.lx, b.lx), min(box.ly, b.ly), max(box.hx, b.hx), max(box.hy, b.hy)}
			x += float32(n.mass * n.x)
			y += float32(n.mass * n.y)
			mass += n.mass
			first = last
		}
		t.nodes[at] = node{x: x / mass, y: y / mass, mass: mass}
	}
	n := &t.nodes[at]
	dx, dy := box.hx-box.lx, box.hy-box.ly
	n.reach = float32(math.Inf(1))
	if t.theta > 0 {
		n.reach = (float32(dx*dx) + float32(dy*dy)) / float32(t.theta*t.theta)
	}
	n.after = int32(len(t.nodes))
	return box, *n
}

// part says in which quarter a place is.
func (t *tree) part(k int32, bit int) uint64 { return t.keys[k] >> (32 + bit) & 3 }

func (t *tree) leaf(from, end int32) (span, node) {
	n := node{mass: float32(end - from), from: from, end: end}
	box := span{t.at[2*from], t.at[2*from+1], t.at[2*from], t.at[2*from+1]}
	for k := from; k < end; k++ {
		x, y := t.at[2*k], t.at[2*k+1]
		box = span{min(box.lx, x), min(box.ly, y), max(box.hx, x), max(box.hy, y)}
		n.x += x
		n.y += y
	}
	n.x /= n.mass
	n.y /= n.mass
	return box, n
}

// push returns Σ (yₖ-yⱼ)/(1+|yₖ-yⱼ|²)² and Σ 1/(1+|yₖ-yⱼ|²) over all places but the k-th along the
// curve itself. A cell acts as one from where its diagonal over the distance is below theta.
// A cell with the place in it never does, as theta is at most 1.
func (t *tree) push(k int) (fx, fy, sum float32) {
	x, y := t.at[2*k], t.at[2*k+1]
	nodes := t.nodes
	for i := 0; i < len(nodes); {
		n := &nodes[i]
		dx, dy := x-n.x, y-n.y
		square := float32(dx*dx) + float32(dy*dy)
		switch {
		case n.reach < square:
			q := 1 / (1 + square)
			mq := float32(n.mass * q)
			sum += mq
			mq *= q
			fx += float32(mq * dx)
			fy += float32(mq * dy)
			i = int(n.after)
		case n.end > 0:
			at := t.at[2*n.from : 2*n.end]
			for len(at) >= 2 {
				dx, dy := x-at[0], y-at[1]
				q := 1 / (1 + float32(dx*dx) + float32(dy*dy))
				sum += q
				q *= q
				fx += float32(q * dx)
				fy += float32(q * dy)
				at = at[2:]
			}
			i = int(n.after)
		default:
			i++
		}
	}
	return fx, fy, sum - 1 // its own share, which pushes nowhere
}
