package main

import "math"

// This file holds the materials of the still life. Lengths are centimetres.

// plain is one colour under a coat of the given α; f0 0.04 is varnish or glaze.
func plain(body rgb, f0, rough float64) material {
	return func(p, n vec, fine bool) finish { return finish{body: body, f0: f0, rough: rough} }
}

// grain is timber cut along its x axis: rings about the heart of a log, darker towards
// their end, fibres and open pores. It tells how dark the wood is and how deep the pores.
func grain(p vec, fine bool) (dark, pore float64) {
	bow := noise(vec{p.x / 45, p.z / 30, 3})
	r := math.Hypot(p.z+3.5*bow, p.y*1.6+5) + 0.5*fbm(vec{p.x / 16, p.y / 3, p.z / 3}, 3)
	ring := fract(r * 1.25)
	dark = 0.75 * ring * ring * ring * smooth(1, 0.86, ring)
	dark += 0.3 * fbm(vec{p.x / 22, p.y, p.z / 3}, 3)
	if !fine {
		return dark + 0.2, 0
	}
	dark += 0.2 + 0.16*noise(vec{p.x * 0.5, p.y * 3, p.z * 11}) + 0.12*noise(vec{p.x * 1.1, p.y * 7, p.z * 27})
	c := cells(vec{p.x * 0.9, p.y * 2, p.z * 8})
	pore = smooth(0.3, 0.12, c.near) * (0.25 + 0.75*smooth(0.2, 0.7, ring))
	return dark, pore
}

// table is a top of planks of the given width with worn varnish; y points up.
func table(width float64, pale, deep rgb) material {
	look := func(p vec, fine bool) (dark, pore, gap float64) {
		k := math.Floor(p.z / width)
		h := hash3(int(k), 11, 5)
		edge := math.Min(fract(p.z/width), 1-fract(p.z/width)) * width
		gap = smooth(0.13, 0.03, edge)
		q := vec{p.x + 300*unit01(h), p.y, p.z - (k+0.15+0.7*unit01(mix32(h)))*width}
		dark, pore = grain(q, fine)
		return dark + 0.28*(unit01(mix32(h+1))-0.5), pore, gap
	}
	return func(p, n vec, fine bool) finish {
		dark, pore, gap := look(p, fine)
		body := mix(pale, deep, clamp01(dark)).scale(1 - 0.6*pore).scale(1 - 0.85*gap)
		wear := fbm(vec{p.x / 9, 2, p.z / 5}, 3)
		f := finish{body: body, f0: 0.04 * (1 - gap), rough: 0.2 + 0.14*wear + 0.3*pore}
		if fine {
			f.n = bump(p, n, 0.03, func(p vec) float64 {
				dark, pore, gap := look(p, true)
				return -0.006*dark - 0.012*pore - 0.1*gap
			})
		}
		return f
	}
}

// wall is old plaster, fallen off the bricks in places; z points into the room.
func wall(p, n vec, fine bool) finish {
	octaves := 3
	if fine {
		octaves = 6
	}
	damage := func(p vec) float64 {
		return fbm(vec{p.x/30 + 4.3, p.y/26 - 1.1, 0}, octaves) - 0.19 - 0.0012*p.x
	}
	brick := func(p vec) (body rgb, height float64) {
		row := math.Floor(p.y / 6.6)
		x := p.x/19 + 0.5*math.Mod(math.Abs(row), 2)
		wob := 0.18 * noise(vec{p.x / 1.7, p.y / 1.7, 8})
		ex := math.Min(fract(x), 1-fract(x))*19 + wob
		ey := math.Min(fract(p.y/6.6), 1-fract(p.y/6.6))*6.6 + wob
		h := hash3(int(math.Floor(x)), int(row), 77)
		rough := fbm(p.scale(0.9), 4)
		fired := mix(hex(0x94604A), hex(0x6B4639), unit01(h))
		fired = mix(fired, hex(0xAE8468), clamp01(0.25+1.3*rough))
		joint := smooth(0.75, 0.4, math.Min(ex, ey))
		return mix(fired, hex(0x8F8678), joint), -0.5 - 0.45*joint + 0.16*rough
	}
	height := func(p vec) float64 {
		bare := smooth(-0.004, 0.012, damage(p))
		crack := smooth(0.012, 0, math.Abs(fbm(vec{p.x / 26, p.y / 21, 40}, 5)+0.05))
		plaster := 0.08*fbm(p.scale(0.5), 5) - 0.1*crack
		if bare == 0 {
			return plaster
		}
		_, h := brick(p)
		return lerp(plaster, h, bare)
	}
	bare := smooth(-0.004, 0.012, damage(p))
	mottle := fbm(vec{p.x / 22, p.y / 22, 1}, octaves) + 0.5*fbm(vec{p.x / 3, p.y / 3, 2}, octaves-3)
	body := mix(hex(0x93A097), hex(0x6C7C78), clamp01(0.5+1.1*mottle))
	body = mix(body, hex(0xC9C2B0), smooth(-0.06, 0, damage(p))*0.7)
	if bare > 0 {
		b, _ := brick(p)
		body = mix(body, b, bare)
	}
	f := finish{body: body}
	if fine {
		f.n = bump(p, n, 0.12, height)
	}
	return f
}

// linen is a plain weave of threads a given pitch apart, natural with coloured stripes; x
// and z lie in the cloth.
func linen(pitch float64, stripe func(x float64) rgb) material {
	// over tells which thread lies on top and how high.
	over := func(p vec) (warpOnTop bool, height float64, id int) {
		u, v := p.x/pitch, p.z/pitch
		i, j := math.Floor(u), math.Floor(v)
		fu, fv := 2*(u-i)-1, 2*(v-j)-1
		sign := 1.0
		if int(i+j)&1 != 0 {
			sign = -1
		}
		slub := 0.75 + 0.25*hash01(int(i), 900)
		slab := 0.75 + 0.25*hash01(int(j), 901)
		warp := math.Sqrt(max(0, 1-fu*fu/(slub*slub)))*0.6 + sign*0.4*math.Cos(fv*math.Pi/2)
		weft := math.Sqrt(max(0, 1-fv*fv/(slab*slab)))*0.6 - sign*0.4*math.Cos(fu*math.Pi/2)
		if warp > weft {
			return true, warp * pitch / 2, int(i)
		}
		return false, weft * pitch / 2, int(j)
	}
	return func(p, n vec, fine bool) finish {
		natural := hex(0xDDD3BF)
		body := mix(natural, stripe(p.x), 0.5)
		if !fine {
			return finish{body: body, thin: 0.1}
		}
		warpOnTop, h, id := over(p)
		body = natural
		if warpOnTop {
			body = stripe((float64(id) + 0.5) * pitch)
		}
		tone := 0.82 + 0.18*hash01(id, 902) + 0.1*noise(p.scale(1.3))
		body = body.scale(tone * (0.55 + 0.45*clamp01(h/pitch*2)))
		return finish{body: body, thin: 0.1, n: bump(p, n, pitch/12, func(p vec) float64 {
			_, h, _ := over(p)
			return 0.7 * h
		})}
	}
}

// speckled is stoneware: cream glaze with iron spots, brown where it runs thin at height
// rim and above.
func speckled(rim float64) material {
	return func(p, n vec, fine bool) finish {
		body := mix(hex(0xE9E1D0), hex(0xCDBFA6), clamp01(0.4+fbm(p.scale(0.25), 3)))
		if !fine {
			return finish{body: body.scale(0.93), f0: 0.045, rough: 0.09}
		}
		for _, size := range [3]float64{1.1, 2.6, 5} {
			c := cells(p.scale(size))
			r := 0.09 + 0.2*unit01(mix32(c.id))*unit01(mix32(c.id+1))
			body = mix(body, hex(0x3B2A1E), 0.85*smooth(r, r*0.6, c.near))
		}
		thin := smooth(rim-0.45, rim-0.05, p.y+0.12*fbm(p.scale(1.2), 3))
		body = mix(body, hex(0x6B4429), thin)
		return finish{body: body, f0: 0.045, rough: 0.09, n: bump(p, n, 0.05, func(p vec) float64 {
			return 0.012*fbm(p.scale(0.8), 3) + 0.006*math.Sin(5*p.y)
		})}
	}
}

// hammered is a metal beaten with a round hammer; size is that of the dents.
func hammered(body rgb, rough, size float64) material {
	return func(p, n vec, fine bool) finish {
		tarnish := clamp01(0.35 + 0.9*fbm(p.scale(0.35), 4))
		f := finish{body: mix(body, body.mul(rgb{0.62, 0.45, 0.4}), tarnish), rough: rough * (1 + 0.6*tarnish), metal: true}
		if fine {
			f.n = bump(p, n, 0.02, func(p vec) float64 {
				c := cells(p.scale(1 / size))
				return size * (0.1*c.near*c.near + 0.006*noise(p.scale(9)))
			})
		}
		return f
	}
}

// rind is the skin of a citrus fruit of the given colours, pores included.
func rind(ripe, pale rgb, pores float64) material {
	return func(p, n vec, fine bool) finish {
		body := mix(ripe, pale, clamp01(0.35+1.3*fbm(p.scale(0.5), 3)))
		f := finish{body: body, f0: 0.04, rough: 0.26}
		if !fine {
			return f
		}
		c := cells(p.scale(pores))
		f.body = body.scale(1 - 0.22*smooth(0.35, 0.05, c.near))
		f.n = bump(p, n, 0.02, func(p vec) float64 {
			return 0.035*smooth(0, 0.5, cells(p.scale(pores)).near) + 0.05*fbm(p.scale(0.8), 2)
		})
		return f
	}
}

// pulp is the cut face of a citrus fruit of radius r, seen along y, and rind elsewhere.
func pulp(r float64, skin material) material {
	return func(p, n vec, fine bool) finish {
		if n.y < 0.8 {
			return skin(p, n, fine)
		}
		look := func(p vec) (rgb, float64) {
			q := math.Hypot(p.x, p.z) / r
			a := math.Atan2(p.x, p.z) + 0.06*noise(vec{p.x, 0, p.z})
			const parts = 11
			part := a / (2 * math.Pi) * parts
			edge := math.Abs(fract(part)-0.5) * 2        // 1 on a membrane
			wide := (1 - edge) * q * r * math.Pi / parts // centimetres from it
			juice := smooth(0.05, 0.13, wide) * smooth(0.9, 0.865, q) * smooth(0.1, 0.17, q)
			// Juice sacs point at the heart: cells stretched along the radius.
			h := int(math.Floor(part))
			sac := cells(vec{q*r*1.5 + 9*hash01(h, 3), fract(part) * 5.5, float64(h)})
			wall := smooth(0, 0.18, sac.next-sac.near)
			flesh := mix(hex(0xF6AE45), hex(0xE57300), wall*(0.75+0.25*unit01(mix32(sac.id))))
			white := mix(hex(0xF6E6BE), hex(0xF2C46A), smooth(0.4, 0.9, q)*0.6)
			body := mix(white, flesh, juice)
			return mix(body, hex(0xE98310), smooth(0.955, 0.975, q)), juice * (0.06*wall - 0.05)
		}
		body, _ := look(p)
		f := finish{body: body, f0: 0.04, rough: 0.16, thin: 0.08}
		if fine {
			f.n = bump(p, n, 0.03, func(p vec) float64 {
				_, h := look(p)
				return h + 0.02*noise(p.scale(3))
			})
		}
		return f
	}
}

// apple is a skin with red streaks from the stem down over yellow.
func apple(p, n vec, fine bool) finish {
	a := math.Atan2(p.x, p.z)
	s, c := math.Sincos(a)
	streak := fbm(vec{s * 7, p.y * 0.25, c * 7}, 4) + 0.6*fbm(vec{s * 1.3, p.y * 0.2, c * 1.3}, 2)
	body := mix(hex(0xE2B23C), hex(0xA81620), smooth(-0.42, 0.18, streak+0.12*s+0.1))
	body = mix(body, hex(0x8E8F35), smooth(0.9, 0, math.Hypot(p.x, p.z))*0.8)
	if fine {
		l := cells(p.scale(1.7))
		body = mix(body, hex(0xEBCB8A), 0.75*smooth(0.11, 0.06, l.near))
	}
	return finish{body: body, f0: 0.045, rough: 0.13}
}

// pear is yellow-green with russet freckles.
func pear(p, n vec, fine bool) finish {
	body := mix(hex(0xC9B53A), hex(0x8FA03A), clamp01(0.5+0.9*fbm(p.scale(0.35), 3)))
	blush := smooth(0.1, 0.9, -p.x/4+0.4*fbm(p.scale(0.5), 3))
	body = mix(body, hex(0xB5602C), 0.55*blush)
	russet := smooth(0.02, 0.35, fbm(p.scale(1.1), 4)+0.12*(p.y-3.5))
	body = mix(body, hex(0x8A6230), 0.6*russet)
	f := finish{body: body, f0: 0.04, rough: 0.24}
	if fine {
		for _, size := range [2]float64{2.2, 4.5} {
			l := cells(p.scale(size))
			f.body = mix(f.body, hex(0x6E5024), 0.7*smooth(0.17, 0.09, l.near))
		}
		f.n = bump(p, n, 0.05, func(p vec) float64 { return 0.05 * fbm(p.scale(1.1), 3) })
	}
	return f
}

// grape is a dark skin under a bloom of wax that is rubbed off in places.
func grape(p, n vec, fine bool) finish {
	bloom := clamp01(0.45 + 1.6*fbm(p.scale(1.1), 4))
	body := mix(hex(0x2A0F1F), hex(0x6F6A86), 0.75*bloom)
	return finish{body: body, f0: 0.04, rough: 0.08 + 0.3*bloom, thin: 0.12}
}

// walnut is a shell with wandering grooves between its poles on the y axis.
func walnut(p, n vec, fine bool) finish {
	groove := func(p vec) float64 {
		q := vec{p.x, p.y * 0.55, p.z}
		q = q.along(warp(q.scale(1.3), 2), 0.45)
		return smooth(0, 0.3, math.Abs(fbm(q.scale(1.25), 3)))
	}
	g := groove(p)
	body := mix(hex(0x5E3E20), hex(0xCBA672), 0.1+0.9*g).scale(0.95 + 0.4*fbm(p.scale(3), 2))
	f := finish{body: body, f0: 0.03, rough: 0.38}
	if fine {
		f.n = bump(p, n, 0.02, func(p vec) float64 { return 0.1*groove(p) + 0.02*fbm(p.scale(4), 2) })
	}
	return f
}

// leaf is green above and silver below, with a paler midrib and veins; x runs from its
// stalk to its tip and y points up.
func leaf(p, n vec, fine bool) finish {
	vein := smooth(0.05, 0.015, math.Abs(p.z))
	if fine {
		vein = max(vein, 0.35*smooth(0.93, 1, math.Sin(9*(p.x-1.2*math.Abs(p.z)))))
	}
	body := mix(hex(0x7C8C4E), hex(0x50663A), clamp01(0.5+fbm(p.scale(2.5), 3)))
	if n.y < 0 {
		body = mix(hex(0xB4BCA6), hex(0x98A388), clamp01(0.5+fbm(p.scale(4), 2)))
	}
	return finish{body: mix(body, hex(0xBFC792), 0.7*vein), f0: 0.04, rough: 0.28, thin: 0.25}
}

// bookCloth is a woven cover, with a title stamped in gold where title is 1 (nil: none).
func bookCloth(dye rgb, title func(p, n vec) float64) material {
	weave := func(p vec) float64 {
		const k = 2 * math.Pi / 0.16
		return math.Sin(p.x*k)*math.Sin((p.y+p.z)*k)*0.5 + 0.5
	}
	return func(p, n vec, fine bool) finish {
		worn := clamp01(0.2 + 0.9*fbm(p.scale(0.6), 4))
		if title != nil && title(p, n)-0.35*worn*fbm(p.scale(5), 2) > 0.5 {
			return finish{body: rgb{0.86, 0.62, 0.27}, rough: 0.28, metal: true}
		}
		body := mix(dye, dye.scale(0.5).add(grey(0.06)), worn)
		f := finish{body: body.scale(0.8 + 0.4*weave(p)), f0: 0.03, rough: 0.5}
		if fine {
			f.n = bump(p, n, 0.015, func(p vec) float64 { return 0.018 * weave(p) })
		}
		return f
	}
}

// pages is the edge of a book's block of leaves, which lie across y.
func pages(p, n vec, fine bool) finish {
	sheet := 0.65*noise(vec{p.x / 7, p.y * 16, p.z / 7}) + 0.35*noise(vec{p.x / 2, p.y * 37, p.z / 2})
	body := mix(hex(0xD9C9A3), hex(0x9C8255), clamp01(0.4+0.55*sheet+0.5*fbm(p.scale(0.2), 2)))
	return finish{body: body}
}

// printed is paper with black and red ink; place maps a point to the sheet's unit square.
func printed(black, red ink, place func(p vec) (u, v float64)) material {
	return func(p, n vec, fine bool) finish {
		u, v := place(p)
		fibre := 1 + 0.08*fbm(p.scale(3), 4)
		body := mix(hex(0xEFE6CF), hex(0xD8C49A), clamp01(0.3+0.8*fbm(p.scale(0.4), 3))).scale(fibre)
		body = mix(body, hex(0x9E2B25), 0.92*red.at(u, v))
		body = mix(body, hex(0x1E1B18), 0.92*black.at(u, v))
		return finish{body: body, f0: 0.03, rough: 0.45, thin: 0.15}
	}
}

// cork is bark with dark pits.
func cork(p, n vec, fine bool) finish {
	c := cells(vec{p.x * 4, p.y * 2.5, p.z * 4})
	body := mix(hex(0xC79A65), hex(0x8C6239), clamp01(0.3+fbm(p.scale(2), 3)))
	return finish{body: mix(body, hex(0x4A301B), 0.8*smooth(0.3, 0.15, c.near))}
}

// stalkSkin is the green brown of a grape's stalk.
func stalkSkin(p, n vec, fine bool) finish {
	return finish{body: mix(hex(0x8A8A4A), hex(0x6B5730), clamp01(0.5+fbm(p.scale(2), 3))), f0: 0.03, rough: 0.5}
}

// bark is the brown of twigs and stems.
func bark(p, n vec, fine bool) finish {
	return finish{body: mix(hex(0x6B5A3A), hex(0x4A3B26), clamp01(0.5+fbm(p.scale(4), 3))), f0: 0.03, rough: 0.5}
}
