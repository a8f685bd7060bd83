package session

import (
	"errors"
	"math"
	"path/filepath"
	"testing"

	"sieve/imageio"
)

// pressed waits for the press to be done.
func pressed(t *testing.T, s *Session, what string, more func(p Press) bool) Press {
	t.Helper()
	st := until(t, s, what, func(st State) bool { return !st.Press.Pending && st.Press.Picture != 0 && more(st.Press) })
	return st.Press
}

// TestPress compresses the picture that is shown, beside JPEG and WebP of no more bytes;
// follows quality, size and picture; and saves what it shows.
func TestPress(t *testing.T) {
	if _, err := LoadCodec(""); err != nil {
		t.Skip("no model for compressing is built in: ", err)
	}
	s := open(t, Options{})
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	original := paintFile(t, path, 3, 200, 3, 8)
	s.OpenPaths([]string{path}, PageCompress)
	until(t, s, "the picture", func(st State) bool { return st.Picture.Path == path })
	if p := s.State().Press; p.Picture != 0 || p.Result != nil {
		t.Error("it compresses before anybody looks")
	}
	s.ShowPress(true)
	p := pressed(t, s, "a file", func(p Press) bool { return p.Sieve.Bytes > 0 })
	if p.Want != DefaultCompression || p.Raw != 120000 || p.Sieve.Bytes >= p.Raw || !(p.Sieve.PSNR > 20) || !(p.Sieve.SSIM > 0.3) || p.Bits == nil || p.Sieve.Quality != DefaultCompression.Quality {
		t.Errorf("%+v, %d bytes without", p.Sieve, p.Raw)
	}
	for name, f := range map[string]FileFacts{"jpeg": p.JPEG, "webp": p.WebP} {
		if f.Bytes > p.Sieve.Bytes && !f.None || f.Bytes == 0 || !(f.PSNR > 10) {
			t.Errorf("%s: %+v beside %d bytes", name, f, p.Sieve.Bytes)
		}
	}
	for i := range 4 {
		if x := p.Of(Pane(i)); x == nil || x.Shape[1] != 200 || p.Versions[i] == 0 {
			t.Errorf("pane %d is empty", i)
		}
	}
	s.SetCompression(Compression{Quality: 10})
	low := pressed(t, s, "a smaller file", func(p Press) bool { return p.Want.Quality == 10 })
	if low.Sieve.Bytes >= p.Sieve.Bytes || low.Sieve.PSNR >= p.Sieve.PSNR || low.JPEG.Bytes >= p.JPEG.Bytes {
		t.Errorf("quality 10: %+v, before %+v", low.Sieve, p.Sieve)
	}
	want := (low.Sieve.Bytes + p.Sieve.Bytes) / 2
	s.SetCompression(Compression{Bytes: want})
	sized := pressed(t, s, "a file of a size", func(p Press) bool { return p.Want.Bytes == want })
	if sized.Sieve.Bytes > want || sized.Sieve.Bytes < want*9/10 {
		t.Errorf("%d bytes for %d", sized.Sieve.Bytes, want)
	}
	s.SetArrived(0.4)
	part := pressed(t, s, "a part of it", func(p Press) bool { return p.Arrived == 0.4 })
	if part.Sieve.PSNR >= sized.Sieve.PSNR || part.Sieve.Bytes != sized.Sieve.Bytes {
		t.Errorf("of a part one sees %g dB, of all %g", part.Sieve.PSNR, sized.Sieve.PSNR)
	}
	out := filepath.Join(dir, "a.sieve")
	s.SaveCompressed(out)
	until(t, s, "the file", func(st State) bool { return st.Saved.Kind == "compressed" })
	x, err := expand(t.Context(), out, new(library), imageio.Limits{}, nil)
	if err != nil || x.Harm != nil || x.Picture.Pix.Shape[1] != original.Pix.Shape[1] || int64(len(read(t, out))) != sized.Sieve.Bytes {
		t.Errorf("%v: %d bytes", err, len(read(t, out)))
	}
	curves := until(t, s, "curves", func(st State) bool { return len(st.Press.Curves) == 3 }).Press.Curves
	for _, c := range curves {
		if n := len(c.BPP); n < 8 || c.BPP[0] >= c.BPP[n-1] || c.PSNR[0] >= c.PSNR[n-1] || math.IsNaN(c.PSNR[0]) {
			t.Errorf("%+v", c)
		}
	}
	s.OpenPaths([]string{out}, PageCompress)
	until(t, s, "the compressed picture", func(st State) bool { return st.Picture.Path == out && st.Picture.Format == "sieve" })
	again := pressed(t, s, "it compressed again", func(p Press) bool { return p.Picture == s.State().Picture.Version && p.Sieve.Bytes > 0 })
	if again.Sieve.Bytes > want {
		t.Errorf("%+v", again.Sieve)
	}
	s.SetCompression(Compression{Bytes: 20})
	if m := until(t, s, "trouble", func(st State) bool { return st.Message.Kind == Error }).Message; m.Text == "" {
		t.Error("a size that cannot be is not said")
	}
	s.SetCompression(Compression{Quality: 300})
	if err := (Compression{Quality: 300}).check(); !errors.As(err, new(interface{ Error() string })) || s.State().Press.Want.Quality == 300 {
		t.Error("a quality beyond all is taken")
	}
}
