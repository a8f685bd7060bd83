package imageio

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"sieve/model/tensor"
)

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, 7)) }

// located is a picture that says of each pixel where it is: red is x, green y,
// blue the picture's number, each of 255.
func located(w, h, number int) *Picture {
	p := &Picture{Pix: tensor.New(1, h, w, 3), Depth: 8}
	for i := range w * h {
		p.Pix.Data[3*i] = float32(i%w) / 255
		p.Pix.Data[3*i+1] = float32(i/w) / 255
		p.Pix.Data[3*i+2] = float32(number) / 255
	}
	return p
}

// write saves pictures under names in a folder.
func write(t testing.TB, dir string, pictures map[string]*Picture) {
	t.Helper()
	for name, p := range pictures {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := Save(path, p, SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func open1(t testing.TB, dir string, o FolderOptions) *Folder {
	t.Helper()
	f, err := OpenFolder(context.Background(), dir, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func batch(t testing.TB, s Source, seed uint64, n int) *tensor.Tensor {
	t.Helper()
	b, err := s.Batch(seeded(seed), n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFolderIsWalked finds pictures at any depth and through links, once each
// and in order, and neither hidden files nor others.
func TestFolderIsWalked(t *testing.T) {
	dir := t.TempDir()
	p := located(8, 8, 0)
	write(t, dir, map[string]*Picture{"b.png": p, "a/deep/er/x.png": p, "a/y.tif": p, ".hidden.png": p, ".git/z.png": p, "c.jpg": p})
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink(dir, filepath.Join(dir, "a", "loop")), os.Symlink(filepath.Join(dir, "b.png"), filepath.Join(dir, "link.png")),
		os.Symlink("nowhere", filepath.Join(dir, "broken.png"))); err != nil {
		t.Skipf("no links here: %v", err)
	}
	var reports [][2]int
	f, err := OpenFolder(context.Background(), dir, FolderOptions{Crop: 8}, func(done, total int) { reports = append(reports, [2]int{done, total}) })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, path := range f.shelf.paths {
		rel, _ := filepath.Rel(dir, path)
		got = append(got, filepath.ToSlash(rel))
	}
	if want := []string{"a/deep/er/x.png", "a/y.tif", "b.png", "c.jpg", "link.png"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if s := f.Skipped(); len(s) != 1 || filepath.Base(s[0].Path) != "broken.png" || !errors.Is(s[0], fs.ErrNotExist) {
		t.Errorf("skipped %v, want the broken link", s)
	}
	for i, r := range reports {
		if r != [2]int{i + 1, 5} {
			t.Errorf("report %d says %v", i, r)
		}
	}
	if len(reports) != 5 {
		t.Errorf("%d reports, want 5", len(reports))
	}
}

// TestEmptyFolder says that there is nothing, or that nothing can be read and why.
func TestEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	_, err := OpenFolder(context.Background(), dir, FolderOptions{}, nil)
	if !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v, want %v", err, ErrEmpty)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.png"), []byte("no picture at all"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = OpenFolder(context.Background(), dir, FolderOptions{}, nil)
	if !errors.Is(err, ErrEmpty) || !errors.Is(err, ErrFormat) {
		t.Errorf("got %v, want %v because of %v", err, ErrEmpty, ErrFormat)
	}
	if _, err = OpenFolder(context.Background(), filepath.Join(dir, "absent"), FolderOptions{}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}

// TestOpenFolderStops at a cancelled context.
func TestOpenFolderStops(t *testing.T) {
	dir := t.TempDir()
	for i := range 50 {
		write(t, dir, map[string]*Picture{fmt.Sprintf("%d.png", i): located(4, 4, i)})
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := OpenFolder(ctx, dir, FolderOptions{}, func(done, total int) {
		if done == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestThreeGoodTwoBad learns from the good ones and names the bad: one whose
// header is bad when the folder is opened, one whose pixels are cut off when
// they are wanted.
func TestThreeGoodTwoBad(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		write(t, dir, map[string]*Picture{fmt.Sprintf("good%d.png", i): located(40, 30, i+1)})
	}
	b := encoded(t, "png", located(40, 30, 9), SaveOptions{})
	bad, cut := filepath.Join(dir, "bad.png"), filepath.Join(dir, "cut.png")
	if err := errors.Join(os.WriteFile(bad, b[:20], 0o666), os.WriteFile(cut, b[:len(b)-30], 0o666)); err != nil {
		t.Fatal(err)
	}
	f := open1(t, dir, FolderOptions{Crop: 16})
	if s := f.Skipped(); len(s) != 1 || s[0].Path != bad || !errors.Is(s[0], ErrTruncated) {
		t.Fatalf("skipped %v, want %s", s, bad)
	}
	first := batch(t, f, 3, 64)
	if s := f.Skipped(); len(s) != 2 || s[1].Path != cut || !errors.Is(s[1], ErrTruncated) {
		t.Errorf("skipped %v, want %s too", s, cut)
	}
	for i := 2; i < len(first.Data); i += 3 {
		if v := first.Data[i] * 255; v < 0.9 || v > 3.1 {
			t.Fatalf("a pixel of picture %g", v)
		}
	}
	if again := batch(t, f, 3, 64); farthest(first, again) != 0 {
		t.Error("the batch is another one now that the cut picture is known")
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "good0.png")), os.Remove(filepath.Join(dir, "good1.png")), os.Remove(filepath.Join(dir, "good2.png"))); err != nil {
		t.Fatal(err)
	}
	if _, err := open1(t, dir, FolderOptions{Crop: 16}).Batch(seeded(1), 4); !errors.Is(err, ErrTruncated) {
		t.Errorf("with nothing but the cut one: %v", err)
	}
}

// TestBatchIsPure draws the same batch whatever is in the cache, however many
// draw at once, on one processor and on several.
func TestBatchIsPure(t *testing.T) {
	dir := t.TempDir()
	for i := range 7 {
		write(t, dir, map[string]*Picture{fmt.Sprintf("%d.png", i): located(30+i, 40-i, i)})
	}
	deep := drawn(50, 50, 1, 16, false)
	write(t, dir, map[string]*Picture{"deep.tif": deep})
	roomy, tight := open1(t, dir, FolderOptions{Crop: 12}), open1(t, dir, FolderOptions{Crop: 12, CacheBytes: 1})
	want := batch(t, roomy, 1, 20)
	batch(t, tight, 2, 20)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, f := range []*Folder{tight, roomy} {
				if b, err := f.Batch(seeded(1), 20); err != nil || farthest(b, want) != 0 {
					t.Errorf("a batch is %g away, %v", farthest(b, want), err)
				}
			}
		})
	}
	wg.Wait()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if d := farthest(batch(t, tight, 1, 20), want); d != 0 {
		t.Errorf("on one processor it is %g away", d)
	}
	if farthest(batch(t, roomy, 5, 20), want) == 0 {
		t.Error("another seed gives the same batch")
	}
	if tight.shelf.recent.Len() != 1 || roomy.shelf.recent.Len() < 5 {
		t.Errorf("room for nothing keeps %d pictures, room for all %d", tight.shelf.recent.Len(), roomy.shelf.recent.Len())
	}
}

// TestCropsAreCrops finds each crop in its picture: neighbours stay neighbours,
// all eight turns occur, and every place is reached.
func TestCropsAreCrops(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]*Picture{"a.png": located(20, 14, 1)})
	b := batch(t, open1(t, dir, FolderOptions{Crop: 8}), 4, 600)
	turns, places := map[[4]int]int{}, map[[2]int]int{}
	for i := range 600 {
		at := func(y, x int) (int, int) {
			o := ((i*8+y)*8 + x) * 3
			return int(b.Data[o]*255 + 0.5), int(b.Data[o+1]*255 + 0.5)
		}
		x00, y00 := at(0, 0)
		x01, y01 := at(0, 1)
		x10, y10 := at(1, 0)
		turns[[4]int{x01 - x00, y01 - y00, x10 - x00, y10 - y00}]++
		x77, y77 := at(7, 7)
		places[[2]int{min(x00, x77), min(y00, y77)}]++
		for y := range 8 {
			for x := range 8 {
				gx, gy := at(y, x)
				if wx, wy := x00+x*(x01-x00)+y*(x10-x00), y00+x*(y01-y00)+y*(y10-y00); gx != wx || gy != wy {
					t.Fatalf("crop %d: (%d, %d) shows (%d, %d), want (%d, %d)", i, x, y, gx, gy, wx, wy)
				}
			}
		}
	}
	if len(turns) != 8 || len(places) != 13*7 {
		t.Errorf("%d turns and %d places, want 8 and %d", len(turns), len(places), 13*7)
	}
}

// TestSmallerThanCrop continues pictures by reflection.
func TestSmallerThanCrop(t *testing.T) {
	for i, want := range map[int]int{-3: 3, -1: 1, 0: 0, 4: 4, 5: 3, 8: 0, 9: 1} {
		if got := tensor.Mirror(i, 5); got != want {
			t.Errorf("%d of 5 is %d, want %d", i, got, want)
		}
	}
	for _, size := range [][2]int{{1, 1}, {1, 50}, {5, 3}, {50, 2}} {
		dir := t.TempDir()
		write(t, dir, map[string]*Picture{"a.png": located(size[0], size[1], 1)})
		b := batch(t, open1(t, dir, FolderOptions{Crop: 16}), 1, 10)
		if !slices.Equal(b.Shape, []int{10, 16, 16, 3}) {
			t.Fatalf("%v: shape %v", size, b.Shape)
		}
		for i := 0; i < len(b.Data); i += 3 {
			if x, y := b.Data[i]*255, b.Data[i+1]*255; int(x+0.5) >= size[0] || int(y+0.5) >= size[1] || b.Data[i+2] != float32(1)/255 {
				t.Fatalf("%v: a pixel of (%g, %g)", size, x, y)
			}
		}
	}
}

// TestChannelsOfABatch gives grey as luma and colours of grey, and by default
// what the data has.
func TestChannelsOfABatch(t *testing.T) {
	dir := t.TempDir()
	p := &Picture{Pix: tensor.New(1, 4, 4, 3), Depth: 8}
	for i := range 16 {
		p.Pix.Data[3*i] = 1
	}
	write(t, dir, map[string]*Picture{"red.png": p})
	if b := batch(t, open1(t, dir, FolderOptions{Crop: 4, Channels: 1}), 1, 2); b.Data[0] != 0.299 || b.Shape[3] != 1 {
		t.Errorf("red is %g in %d channels, want 0.299", b.Data[0], b.Shape[3])
	}
	if c := open1(t, dir, FolderOptions{Crop: 4}).Channels(); c != 3 {
		t.Errorf("colours come in %d channels", c)
	}
	grey := t.TempDir()
	write(t, grey, map[string]*Picture{"grey.png": drawn(4, 4, 1, 8, false)})
	if c := open1(t, grey, FolderOptions{Crop: 4}).Channels(); c != 1 {
		t.Errorf("grey comes in %d channels", c)
	}
	b := batch(t, open1(t, grey, FolderOptions{Crop: 4, Channels: 3}), 1, 2)
	for i := 0; i < len(b.Data); i += 3 {
		if b.Data[i] != b.Data[i+1] || b.Data[i] != b.Data[i+2] {
			t.Fatalf("grey became %v", b.Data[i:i+3])
		}
	}
	p.Alpha = tensor.New(1, 4, 4, 1)
	clear := t.TempDir()
	write(t, clear, map[string]*Picture{"clear.png": p})
	if b := batch(t, open1(t, clear, FolderOptions{Crop: 4}), 1, 1); slices.Min(b.Data) != 1 {
		t.Errorf("what cannot be seen is %g, want white", slices.Min(b.Data))
	}
}

// TestLargePictureGivesSeveralCrops decodes a photograph of three megapixels
// once for two crops.
func TestLargePictureGivesSeveralCrops(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		p := &Picture{Pix: tensor.New(1, 1500, 2000, 1), Depth: 8}
		for k := range p.Pix.Data {
			p.Pix.Data[k] = float32(i) / 255
		}
		write(t, dir, map[string]*Picture{fmt.Sprintf("%d.png", i): p})
	}
	b := batch(t, open1(t, dir, FolderOptions{Crop: 4}), 1, 41)
	pairs := 0
	for i := 0; i+1 < 41; i += 2 {
		if b.Data[i*16] == b.Data[(i+1)*16] {
			pairs++
		}
	}
	if pairs != 20 || b.Data[0] == b.Data[20*16] && b.Data[0] == b.Data[30*16] && b.Data[0] == b.Data[40*16] {
		t.Errorf("%d of 20 pairs are of one picture", pairs)
	}
}

// TestSplitHoldsOut parts pictures so that none is in both.
func TestSplitHoldsOut(t *testing.T) {
	for n, want := range map[int]int{1: 0, 2: 1, 5: 1, 10: 1, 19: 1, 20: 2, 100: 10} {
		train, held := split(n, 10)
		all := append(slices.Clone(train), held...)
		slices.Sort(all)
		if len(held) != want || len(all) != n || len(slices.Compact(all)) != n {
			t.Errorf("%d are parted into %d and %d", n, len(train), len(held))
		}
	}
	dir := t.TempDir()
	for i := range 12 {
		write(t, dir, map[string]*Picture{fmt.Sprintf("%02d.png", i): located(8, 8, i)})
	}
	d, err := OpenData(context.Background(), dir, FolderOptions{Crop: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Count != 12 || d.Native != 0 || d.Channels != 3 {
		t.Errorf("data %+v", d)
	}
	for name, s := range map[string]Source{"train": d.Train, "held": d.Held} {
		b := batch(t, s, 1, 100)
		for i := 2; i < len(b.Data); i += 3 {
			if tenth := int(b.Data[i]*255+0.5) == 9; tenth != (name == "held") {
				t.Fatalf("%s gives picture %g", name, b.Data[i]*255)
			}
		}
	}
}

// TestOnePictureAsData crops a single file and holds nothing out.
func TestOnePictureAsData(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]*Picture{"a.png": located(30, 30, 3)})
	d, err := OpenData(context.Background(), filepath.Join(dir, "a.png"), FolderOptions{Crop: 8}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Held != nil || d.Count != 1 {
		t.Errorf("%d pictures, held out %v", d.Count, d.Held)
	}
	if b := batch(t, d.Train, 1, 5); !slices.Equal(b.Shape, []int{5, 8, 8, 3}) {
		t.Errorf("shape %v", b.Shape)
	}
}

// TestSampleIsAlwaysTheSame gives middles of pictures spread over the folder.
func TestSampleIsAlwaysTheSame(t *testing.T) {
	dir := t.TempDir()
	for i := range 6 {
		write(t, dir, map[string]*Picture{fmt.Sprintf("%d.png", i): located(9, 5, i)})
	}
	b, err := open1(t, dir, FolderOptions{Crop: 3}).Sample(3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		m := b.Data[((i*3+1)*3+1)*3:][:3]
		if got := (color.RGBA{uint8(m[0]*255 + 0.5), uint8(m[1]*255 + 0.5), uint8(m[2]*255 + 0.5), 0}); got != (color.RGBA{4, 2, uint8(2 * i), 0}) {
			t.Errorf("the middle of sample %d is %v", i, got)
		}
	}
}

// TestPhotographs opens the folder that models are trained on.
func TestPhotographs(t *testing.T) {
	f := open1(t, filepath.Join(shared(t), "train", "photos"), FolderOptions{Crop: 64})
	if b := batch(t, f, 1, 4); f.Len() != 234 || len(f.Skipped()) != 0 || b.Shape[3] != 3 {
		t.Errorf("%d pictures, %d skipped, shape %v", f.Len(), len(f.Skipped()), b.Shape)
	}
}
