package imageio

// This file opens whatever a name stands for as something to learn from.

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sieve/model/tensor"
)

// A Source gives batches (n, H, W, C), all of one size. What it gives depends
// on the generator's state and on nothing else.
type Source interface {
	Batch(rng *rand.Rand, n int) (*tensor.Tensor, error)
}

// Data is something to learn from, and its part that is kept for validation.
type Data struct {
	Name     string
	Train    Source
	Held     Source      // nil when there is only one picture
	Count    int         // of pictures, both parts together; 0: drawn as they are asked for, without end
	Skipped  []FileError // found so far; Train may find more
	Native   int         // side of the pictures when all have one of their own; 0 for photographs and leaves, which have any
	Channels int         // of a batch
}

// heldEvery picture is kept for validation.
const heldEvery = 10

// Builtins are the names behind "builtin:". They may be followed by a colon and a number: of
// so many pictures, always the same, instead of pictures without end.
func Builtins() []string { return []string{"leaves", "digits", "letters", "glyphs", "shapes"} }

// OpenData opens a folder of pictures, a picture, an IDX file or a folder with
// one, a CIFAR-10 file or a folder of them, or "builtin:" and a name. Of files with
// labels, a name that ends in # and a number means the pictures of that class. Every
// tenth picture is held out. report may be nil.
func OpenData(ctx context.Context, name string, o FolderOptions, report func(done, total int)) (*Data, error) {
	if o.Crop < 0 || o.Channels != 0 && o.Channels != 1 && o.Channels != 3 {
		panic(fmt.Sprintf("imageio: a crop of %d with %d channels", o.Crop, o.Channels))
	}
	if rest, ok := strings.CutPrefix(name, "builtin:"); ok {
		return openBuiltin(name, rest, o)
	}
	whole, class := name, noClass
	at, err := os.Stat(name)
	if err != nil {
		if name, class = classOf(name); class == noClass {
			return nil, err
		}
		if at, err = os.Stat(name); err != nil {
			return nil, err
		}
	}
	set, err := OpenSet(name, o.Channels)
	if err == nil && class != noClass {
		set, err = ofClass(name, set, class)
	}
	switch {
	case err != nil:
		return nil, err
	case set != nil:
		return setData(whole, set, o), nil
	case at.IsDir():
		f, err := OpenFolder(ctx, name, o, report)
		return folderData(name, f, err)
	}
	f, err := openFile(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer f.Close()
	if _, err := readHeader(f); err != nil { // its own reason, not that a folder of one is empty
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	one, err := newFolder(ctx, name, []string{name}, nil, o, report)
	return folderData(name, one, err)
}

func folderData(name string, f *Folder, err error) (*Data, error) {
	if err != nil {
		return nil, err
	}
	d := &Data{Name: name, Count: f.Len(), Skipped: f.Skipped(), Channels: f.channels}
	train, held := f.Split(heldEvery)
	d.Train = train
	if held != nil {
		d.Held = held
	}
	return d, nil
}

// noClass stands for all of them.
const noClass = -1

// classOf parts a name from the class that it ends in, if it does.
func classOf(name string) (string, int) {
	if i := strings.LastIndexByte(name, '#'); i > 0 {
		if class, err := strconv.ParseUint(name[i+1:], 10, 8); err == nil {
			return name[:i], int(class)
		}
	}
	return name, noClass
}

// ofClass returns the pictures of one class of a set, which may be nil.
func ofClass(name string, s *Set, class int) (*Set, error) {
	if s == nil {
		return nil, fmt.Errorf("%s: %w: it has no classes by number", name, ErrUnsupported)
	}
	if s = s.Only(class); s == nil {
		return nil, fmt.Errorf("%s: %w: no pictures of class %d", name, ErrEmpty, class)
	}
	return s, nil
}

// OpenSet opens a data set: an IDX file, a CIFAR-10 file, or a folder with one or several.
// The set is nil where the name is of something else. channels 0 are those of the data.
func OpenSet(name string, channels int) (*Set, error) {
	at, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if at.IsDir() {
		if files, _ := cifarFiles(name); len(files) > 0 {
			return OpenCIFAR(channels, name)
		}
		if file := idxIn(name); file != "" {
			return OpenIDX(file, channels)
		}
		return nil, nil
	}
	f, err := openFile(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer f.Close()
	switch {
	case isIDX(f):
		return OpenIDX(name, channels)
	case strings.EqualFold(filepath.Ext(name), ".bin"):
		return OpenCIFAR(channels, name)
	}
	return nil, nil
}

func setData(name string, s *Set, o FolderOptions) *Data {
	d := &Data{Name: name, Count: s.Len(), Channels: s.channels}
	if s.h == s.w {
		d.Native = s.h
	} else if o.Crop == 0 {
		o.Crop = max(s.h, s.w)
	}
	train, held := s.Crop(o.Crop).Split(heldEvery)
	d.Train = train
	if held != nil {
		d.Held = held
	}
	return d
}

// idxIn returns the pictures in a folder that holds IDX, those to train on if
// there are others.
func idxIn(dir string) (found string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		n := strings.ToLower(e.Name())
		if e.IsDir() || !strings.Contains(n, "idx3") {
			continue
		}
		if found == "" || strings.HasPrefix(n, "train") {
			found = filepath.Join(dir, e.Name())
		}
	}
	return found
}

func openBuiltin(name, kind string, o FolderOptions) (*Data, error) {
	size, channels := o.Crop, o.Channels
	or := func(v *int, usual int) {
		if *v == 0 {
			*v = usual
		}
	}
	d := &Data{Name: name}
	kind, number, few := strings.Cut(kind, ":")
	if few {
		var err error
		if d.Count, err = strconv.Atoi(number); err != nil || d.Count < 1 || d.Count > mostFew {
			return nil, fmt.Errorf("%s: %w: it can have 1 to %d pictures", name, ErrUnsupported, mostFew)
		}
	}
	switch kind {
	case "leaves":
		or(&size, 64)
		or(&channels, 3)
		d.Train = Leaves{Size: size, Channels: channels}
	case "glyphs", "digits", "letters":
		d.Native = 28
		or(&size, d.Native)
		or(&channels, 1)
		d.Train = Glyphs{Size: size, Channels: channels, Runes: map[string]string{"digits": glyphDigits, "letters": glyphLetters}[kind], Calm: kind != "glyphs"}
	case "shapes":
		d.Native = 32
		or(&size, d.Native)
		or(&channels, 3)
		d.Train = Shapes{Size: size, Channels: channels}
	default:
		return nil, fmt.Errorf("%s: %w: the built-in data are %s", name, ErrUnsupported, strings.Join(Builtins(), ", "))
	}
	d.Held, d.Channels = apart{d.Train}, channels
	if few {
		all, err := d.Train.Batch(rand.New(rand.NewPCG(1, uint64(d.Count))), d.Count)
		if err != nil {
			return nil, err
		}
		d.Train = pool{all}
	}
	return d, nil
}

// mostFew is how many pictures of a built-in source are kept at once.
const mostFew = 10_000

// A pool gives pictures of a few, each as often as another.
type pool struct{ all *tensor.Tensor }

func (p pool) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	count, h, w, c := p.all.Dims4()
	out := tensor.New(n, h, w, c)
	size := h * w * c
	for i := range n {
		copy(out.Data[i*size:(i+1)*size], p.all.Data[rng.IntN(count)*size:])
	}
	return out, nil
}

// apart gives batches of the same kind from another stream: those that a
// generator in the same state would not draw.
type apart struct{ Source }

func (a apart) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	return a.Source.Batch(rand.New(rand.NewPCG(rng.Uint64(), 0x68656c64)), n)
}
