package session

// This file is the page Compress: the picture as a file, beside JPEG and WebP of as many
// bytes.

import (
	"context"
	"math"
	"slices"

	"sieve/imageio"
	"sieve/model/metric"
	"sieve/model/tensor"
)

// A Press is the page Compress. Its panes are the original, what JPEG and WebP make of it
// in as many bytes (in the places of the noisy picture and of the latent), and what Sieve
// makes of it.
type Press struct {
	Want    Compression
	Arrived float64 // part of the file that the receiver has; 1: all
	Picture uint64  // version of the picture that this is about; 0: none yet
	Panes
	Sieve, JPEG, WebP FileFacts
	Raw               int64          // bytes of the picture without compression
	Bits              *tensor.Tensor // (1, h, w, 1): what each cell of the latent costs
	Cell              int            // pixels a side that one covers
	Curves            []RateCurve    // of this picture, or of its middle when it is large
	Pending           bool           // something belongs to what was wanted before
}

// FileFacts are what a file of the picture is. PSNR and SSIM are NaN before they are known.
type FileFacts struct {
	Bytes      int64
	Quality    float64 // of the codec's own
	PSNR, SSIM float64
	None       bool // it cannot be that small
}

// A RateCurve is what a codec makes of the picture at several qualities.
type RateCurve struct {
	Name      string // "sieve", "jpeg" or "webp"
	BPP, PSNR []float64
}

// A presser is the press at work. The session's mutex guards it.
type presser struct {
	on      bool          // the page is in front
	picture *presented    // the current one
	wake    chan struct{} // holds one
	cancel  context.CancelFunc
	made    *Compressed // what is wanted, once it is there
	idle    chan struct{}
}

// A presented picture is a current one, with its version.
type presented struct {
	*imageio.Picture
	version uint64
}

// ShowPress says whether the page Compress is in front: nothing is compressed when it is
// not.
func (s *Session) ShowPress(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.press.on = on
	s.kickPress(nil)
}

// SetCompression changes how the picture is to be compressed.
func (s *Session) SetCompression(c Compression) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := c.check(); err != nil {
		s.put(Error, Explain(err))
		return
	}
	if c != s.state.Press.Want {
		s.kickPress(func(p *Press) { p.Want = c })
	}
}

// SetArrived changes which part of the file the receiver has.
func (s *Session) SetArrived(part float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	part = min(max(part, 0), 1)
	if part != s.state.Press.Arrived {
		s.kickPress(func(p *Press) { p.Arrived = part })
	}
}

// kickPress changes what is wanted, and has it made. s.mu is held.
func (s *Session) kickPress(change func(p *Press)) {
	p := &s.press
	if p.cancel != nil {
		p.cancel()
	}
	if p.idle == nil {
		p.idle = make(chan struct{})
	}
	s.publish(func(st *State) {
		if change != nil {
			change(&st.Press)
		}
		st.Press.Pending = true
	})
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// SaveCompressed writes the file that is shown, once it is there. It writes all of it,
// whatever has arrived.
func (s *Session) SaveCompressed(path string) {
	s.do("Saving the compressed picture", func(ctx context.Context) error {
		c, err := s.pressed(ctx)
		if err != nil {
			return err
		}
		if err := savePacked(ctx, path, c.File); err != nil {
			return err
		}
		s.saved("compressed", path)
		return nil
	})
}

// pressed waits for the file that is wanted.
func (s *Session) pressed(ctx context.Context) (*Compressed, error) {
	s.mu.Lock()
	idle := s.press.idle
	s.mu.Unlock()
	if idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.press.made == nil {
		return nil, ErrNothing
	}
	return s.press.made, nil
}

// pressing is the goroutine that compresses.
func (s *Session) pressing() {
	w := &pressWork{s: s}
	for {
		select {
		case <-s.press.wake:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		p := &s.press
		ctx, cancel := context.WithCancel(s.ctx)
		p.cancel = cancel
		on, picture, want, arrived := p.on, p.picture, s.state.Press.Want, s.state.Press.Arrived
		s.mu.Unlock()
		if on && picture != nil {
			err := w.press(ctx, picture, want, arrived)
			s.mu.Lock()
			if ctx.Err() == nil {
				s.publish(func(st *State) { st.Press.Pending = false })
				if p.made = w.made; err != nil {
					p.made = nil
				}
				if p.idle != nil {
					close(p.idle)
					p.idle = nil
				}
			}
			s.mu.Unlock()
			if err != nil && ctx.Err() == nil {
				s.fail(err)
			}
			if err == nil && ctx.Err() == nil {
				s.fail(w.curves(ctx))
			}
		}
		if !on {
			*w = pressWork{s: s} // and its memory
		}
		cancel()
	}
}

// pressWork is what the press has made so far.
type pressWork struct {
	s      *Session
	of     uint64 // version of the picture
	k      *compressor
	made   *Compressed
	want   Compression // that it was made for
	beside bool        // JPEG and WebP of its size are there
	drawn  bool        // the curves are there
}

// show publishes a change, unless something else is wanted by now.
func (w *pressWork) show(ctx context.Context, change func(p *Press)) {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if ctx.Err() == nil {
		w.s.publish(func(st *State) { change(&st.Press) })
	}
}

// press makes what is wanted and is not there yet.
func (w *pressWork) press(ctx context.Context, picture *presented, want Compression, arrived float64) error {
	s := w.s
	t := s.begin("Compressing")
	defer t.end()
	if w.of != picture.version {
		codec, err := LoadCodec("")
		if err != nil {
			return err
		}
		k, err := newCompressor(ctx, codec, picture.Picture, t.report)
		if err != nil {
			return err
		}
		*w = pressWork{s: s, of: picture.version, k: k}
		w.show(ctx, func(p *Press) {
			*p = Press{Want: p.Want, Arrived: p.Arrived, Picture: picture.version, Panes: noPanes(), Pending: true}
			p.Original, p.Versions[PaneOriginal] = picture.Pix, s.next()
			p.Cell = codec.Cell()
			p.Raw = int64(len(picture.Pix.Data)) * int64(max(8, picture.Depth)) / 8
		})
	}
	if w.made == nil || w.want != want {
		c, err := w.k.to(ctx, want, t.report)
		if err != nil {
			return err
		}
		w.made, w.want, w.beside = c, want, false
	}
	x, err := w.arrived(ctx, arrived)
	if err != nil {
		return err
	}
	facts := factsOf(w.made.Size, w.made.Quality, x, picture.Pix)
	w.show(ctx, func(p *Press) {
		p.Sieve, p.Bits = facts, w.made.Bits
		p.Result, p.Versions[PaneResult] = x, s.next()
		p.ResultPSNR, p.ResultSSIM = facts.PSNR, facts.SSIM
	})
	if !w.beside {
		if err := w.others(ctx, picture); err != nil {
			return err
		}
		w.beside = true
	}
	return ctx.Err()
}

// others makes JPEG and WebP of as many bytes.
func (w *pressWork) others(ctx context.Context, picture *presented) error {
	for _, r := range rivals() {
		file, quality, err := r.within(ctx, picture.Pix, w.made.Size)
		if err != nil {
			return err
		}
		y, err := decodeRival(file, picture.Pix)
		if err != nil {
			return err
		}
		facts := factsOf(int64(len(file)), float64(quality), y, picture.Pix)
		facts.None = facts.Bytes > w.made.Size
		w.show(ctx, func(p *Press) {
			if r.name == "jpeg" {
				p.JPEG = facts
				p.Noisy, p.Versions[PaneNoisy] = y, w.s.next()
				p.NoisyPSNR, p.NoisySSIM = facts.PSNR, facts.SSIM
			} else {
				p.WebP = facts
				p.Latent, p.Versions[PaneLatent] = y, w.s.next()
			}
		})
	}
	return nil
}

func factsOf(bytes int64, quality float64, seen, original *tensor.Tensor) FileFacts {
	return FileFacts{Bytes: bytes, Quality: quality, PSNR: metric.PSNR(original, seen), SSIM: metric.SSIM(original, seen)}
}

// arrived returns what the receiver sees of a part of the file.
func (w *pressWork) arrived(ctx context.Context, part float64) (*tensor.Tensor, error) {
	c := w.made
	if part >= 1 {
		return c.see(ctx, nil)
	}
	all := 0
	for _, t := range c.File.Tiles {
		all += len(t)
	}
	left := int(math.Round(part * float64(all)))
	tiles := slices.Clone(c.File.Tiles)
	for i, t := range tiles {
		n := min(len(t), left)
		tiles[i] = t[:n]
		left -= n
	}
	l, _, err := c.codec.Unpack(ctx, c.File.Height, c.File.Width, c.File.Quality, tiles)
	if err != nil {
		return nil, err
	}
	return synthesise(ctx, c.codec, l, c.File.Grey, nil)
}

// curveSide is the longer side of what curves are drawn of.
const curveSide = 768

// curves measures the picture, or its middle, at several qualities.
func (w *pressWork) curves(ctx context.Context) error {
	if w.drawn || w.k == nil {
		return nil
	}
	defer w.s.begin("Drawing the curves").end()
	x := centre(w.k.p.Pix, curveSide)
	_, h, wide, _ := x.Dims4()
	small := &imageio.Picture{Pix: x, Depth: 8}
	k, err := newCompressor(ctx, w.k.codec, small, nil)
	if err != nil {
		return err
	}
	curve := func(name string, qualities []int, at func(quality int) (size int64, seen *tensor.Tensor, err error)) error {
		c := RateCurve{Name: name}
		for _, q := range qualities {
			size, seen, err := at(q)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			c.BPP, c.PSNR = append(c.BPP, 8*float64(size)/float64(h*wide)), append(c.PSNR, metric.PSNR(x, seen))
		}
		w.show(ctx, func(p *Press) { p.Curves = append(slices.Clone(p.Curves), c) })
		return nil
	}
	err = curve("sieve", []int{0, 15, 30, 45, 60, 75, 90, 100}, func(q int) (int64, *tensor.Tensor, error) {
		c, err := k.to(ctx, Compression{Quality: float64(q)}, nil)
		if err != nil {
			return 0, nil, err
		}
		seen, err := c.see(ctx, nil)
		return c.Size, seen, err
	})
	for _, r := range rivals() {
		if err != nil {
			break
		}
		qualities := []int{5, 10, 20, 30, 45, 60, 75, 85, 90}
		err = curve(r.name, qualities, func(q int) (int64, *tensor.Tensor, error) {
			b, err := r.encode(ctx, x, q)
			if err != nil {
				return 0, nil, err
			}
			seen, err := decodeRival(b, x)
			return int64(len(b)), seen, err
		})
	}
	if w.drawn = err == nil; !w.drawn {
		w.show(context.WithoutCancel(ctx), func(p *Press) { p.Curves = nil })
	}
	return err
}

// centre returns the middle of a picture, of so many pixels a side at most.
func centre(x *tensor.Tensor, side int) *tensor.Tensor {
	_, h, w, c := x.Dims4()
	rows, cols := min(h, side), min(w, side)
	if rows == h && cols == w {
		return x
	}
	out := tensor.New(1, rows, cols, c)
	for y := range rows {
		copy(out.Data[y*cols*c:(y+1)*cols*c], x.Data[(((h-rows)/2+y)*w+(w-cols)/2)*c:])
	}
	return out
}
