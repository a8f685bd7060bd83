package session

// This file saves what is shown.

import (
	"context"
	"errors"
	"image"
	"path/filepath"
	"strings"

	"sieve/imageio"
	"sieve/model/tensor"
)

// ErrNothing reports that what should be saved has not been made.
var ErrNothing = errors.New("session: nothing to save")

// A Look is how a latent is drawn.
type Look struct {
	Map     imageio.Colormap
	Common  bool // one scale for all channels
	Channel int  // counted from 1; 0: all, as a mosaic
}

// SaveResult writes the result with the depth and the metadata of its picture.
func (s *Session) SaveResult(path string) { s.SavePane(PageDenoise, PaneResult, path, Look{}) }

// SavePane writes what a pane shows, at full resolution: pictures with their
// depth and metadata, a latent as a heat map in PNG. It waits for what is still
// being made.
func (s *Session) SavePane(page Page, pane Pane, path string, look Look) {
	s.do("Saving the picture", func(ctx context.Context) error {
		p, err := s.picture(ctx, page, pane, look)
		if err != nil {
			return err
		}
		if pane == PaneLatent && page != PageCompress && page != PageDetect && !strings.EqualFold(filepath.Ext(path), ".png") {
			path += ".png"
		}
		if err := savePicture(ctx, path, p, imageio.SaveOptions{}); err != nil {
			return err
		}
		s.saved("picture", path)
		return nil
	})
}

// picture returns what a pane shows as it should be saved.
func (s *Session) picture(ctx context.Context, page Page, pane Pane, look Look) (*imageio.Picture, error) {
	var shown *tensor.Tensor
	p := imageio.Picture{Depth: 8}
	if page == PageCompress {
		panes := s.State().Press.Panes
		if shown = panes.Of(pane); shown == nil {
			return nil, ErrNothing
		}
		s.mu.Lock()
		if now := s.press.picture; now != nil {
			p.Alpha, p.Exif, p.ICC = now.Alpha, now.Exif, now.ICC
		}
		s.mu.Unlock()
	} else if page == PageExplore {
		if p.Pix = s.State().Explore.pane(pane, look); p.Pix == nil {
			return nil, ErrNothing
		}
		return &p, nil
	} else if page == PageDetect {
		panes := s.State().Detect.Panes
		shown = panes.Of(min(pane, PaneResult))
	} else if page == PageTrain {
		st := s.State()
		panes := st.Train.Panes
		if pane == PaneRemoved {
			pane = PaneNoisy
		}
		if back := st.Runs.Scrub; back.ID != "" && back.Panes.Original != nil {
			panes = back.Panes
		} else if sides := st.Train.Sides(); sides.Original != nil {
			if p.Pix = sides.Of(pane); p.Pix == nil {
				return nil, ErrNothing
			}
			return &p, nil
		}
		shown = panes.Of(pane)
	} else {
		if err := s.settled(ctx); err != nil {
			return nil, err
		}
		s.mu.Lock()
		has := s.easel.has
		s.mu.Unlock()
		if has.pic.Picture == nil {
			return nil, ErrNothing
		}
		if pane > PaneNoisy && !has.whole() {
			return nil, ErrNothing
		}
		p = *has.pic.Picture
		if pane == PaneRemoved {
			_, h, _, _ := has.noisy.Dims4()
			shown = Removed(has.noisy, has.result, s.State().Gain(), 0, h)
		} else {
			shown = [...]*tensor.Tensor{p.Pix, has.noisy, has.latent, has.result}[pane]
		}
	}
	if shown == nil {
		return nil, ErrNothing
	}
	if pane != PaneLatent || page == PageCompress || page == PageDetect {
		p.Pix = shown
		return &p, nil
	}
	var m *image.RGBA
	if look.Channel > 0 {
		m = imageio.Channel(shown, min(look.Channel, shown.Shape[3])-1, look.Map)
	} else {
		m, _ = imageio.Mosaic(shown, look.Map, look.Common)
	}
	return fromRGBA(m), nil
}

// fromRGBA is the inverse of imageio.ToRGBA; what is transparent stays so.
func fromRGBA(m *image.RGBA) *imageio.Picture {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	p := &imageio.Picture{Pix: tensor.New(1, h, w, 3), Alpha: tensor.New(1, h, w, 1), Depth: 8, Format: "png"}
	for i := range w * h {
		at := m.Pix[i/w*m.Stride+i%w*4:]
		for k := range 3 {
			p.Pix.Data[3*i+k] = float32(at[k]) / 255
		}
		p.Alpha.Data[i] = float32(at[3]) / 255
	}
	return p
}

// SaveModel writes the model in use when it was learned from a picture, or the best
// model of the training, or, when there is none, the model in use.
func (s *Session) SaveModel(path string) {
	s.do("Saving the model", func(ctx context.Context) error {
		m, saved := s.best(ctx)
		if s.State().Model.Alone {
			m, saved = nil, func() { s.update(func(st *State) { st.Model.Unsaved = st.Model.Unsaved && !st.Model.Alone }) }
		}
		if m == nil {
			if err := s.settled(ctx); err != nil {
				return err
			}
			s.mu.Lock()
			m = s.easel.has.model.m
			s.mu.Unlock()
		}
		if m == nil {
			return ErrNothing
		}
		if err := SaveModel(path, m); err != nil {
			return err
		}
		saved()
		s.saved("model", path)
		return nil
	})
}
