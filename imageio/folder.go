package imageio

// This file makes a training source of the pictures in a folder.

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"sieve/model/tensor"
)

// FolderOptions says what a source gives.
type FolderOptions struct {
	Crop       int     // side of a picture in a batch; 0: that of the set's pictures, 64 for photographs and leaves
	Channels   int     // 1 or 3; 0: those of the data
	Augment    bool    // crops of photographs are also scaled and recoloured
	Leaves     float64 // of crops of photographs, the share that is dead leaves instead, when they are augmented
	Limits     Limits
	CacheBytes int64 // decoded pictures kept; 0 means DefaultCache
}

// DefaultCache is how many bytes of decoded pictures a folder keeps.
const DefaultCache = 512 << 20

// A FileError is a file that is left out, and why.
type FileError struct {
	Path string
	Err  error
}

func (e FileError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the reason.
func (e FileError) Unwrap() error { return e.Err }

// A Folder gives random crops of the pictures in a folder. Pictures are
// decoded when a batch wants them and kept while there is room, which never
// shows in what a batch holds. It can be used by many goroutines.
type Folder struct {
	shelf    *shelf
	files    []int // on the shelf
	crop     int
	channels int
	augment  bool
	leaves   float64
}

// OpenFolder lists the pictures below a folder, at any depth and in sorted
// order, and reads their headers. Links are followed, to each folder once;
// hidden files are passed over; pictures that cannot be used are in Skipped. It
// is an ErrEmpty when none can. report may be nil.
func OpenFolder(ctx context.Context, dir string, o FolderOptions, report func(done, total int)) (*Folder, error) {
	paths, skipped, err := listPictures(ctx, dir)
	if err != nil {
		return nil, err
	}
	return newFolder(ctx, dir, paths, skipped, o, report)
}

// newFolder probes files. name is what an error is about.
func newFolder(ctx context.Context, name string, paths []string, skipped []FileError, o FolderOptions, report func(done, total int)) (*Folder, error) {
	if o.Crop == 0 {
		o.Crop = 64
	}
	if o.Crop < 0 || o.Channels != 0 && o.Channels != 1 && o.Channels != 3 {
		panic(fmt.Sprintf("imageio: a crop of %d with %d channels", o.Crop, o.Channels))
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCache
	}
	infos, errs := make([]Info, len(paths)), make([]error, len(paths))
	next, done := make(chan int), make(chan struct{})
	var wg sync.WaitGroup
	for range min(len(paths), 2*runtime.GOMAXPROCS(0)) { // two: headers wait for the disk
		wg.Go(func() {
			for i := range next {
				h, err := probe(paths[i])
				if err == nil {
					err = h.check(o.Limits)
				}
				if errs[i] = err; err == nil {
					infos[i] = h.Info
				}
				done <- struct{}{}
			}
		})
	}
	go func() {
		defer close(next)
		for i := range paths {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() { wg.Wait(); close(done) }()
	for n := 1; ; n++ {
		if _, ok := <-done; !ok {
			break
		}
		if report != nil {
			report(n, len(paths))
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := newShelf(o)
	f := &Folder{shelf: s, crop: o.Crop, channels: o.Channels, augment: o.Augment, leaves: o.Leaves}
	for i, path := range paths {
		if errs[i] != nil {
			skipped = append(skipped, FileError{path, errs[i]})
			continue
		}
		f.files = append(f.files, len(s.paths))
		s.paths = append(s.paths, path)
		s.infos = append(s.infos, infos[i])
		if o.Channels == 0 {
			f.channels = max(f.channels, infos[i].Channels)
		}
	}
	s.skipped = skipped
	if len(f.files) == 0 {
		if len(skipped) > 0 {
			return nil, fmt.Errorf("%s: %w: none of %d pictures can be read, the first because of this: %w", name, ErrEmpty, len(skipped), skipped[0])
		}
		return nil, fmt.Errorf("%s: %w: no pictures in it", name, ErrEmpty)
	}
	return f, nil
}

// listPictures walks folders in sorted order, each real folder once.
func listPictures(ctx context.Context, dir string) (paths []string, skipped []FileError, err error) {
	seen := map[string]bool{}
	var walk func(dir string) error
	walk = func(dir string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if real, err := filepath.EvalSymlinks(dir); err != nil {
			return err
		} else if seen[real] {
			return nil
		} else {
			seen[real] = true
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			kind := e.Type()
			if kind&fs.ModeSymlink != 0 {
				at, err := os.Stat(path)
				if err != nil {
					if IsPicture(path) {
						skipped = append(skipped, FileError{path, bare(err)})
					}
					continue
				}
				kind = at.Mode().Type()
			}
			switch {
			case kind.IsDir():
				if err := walk(path); ctx.Err() != nil {
					return err
				} else if err != nil {
					skipped = append(skipped, FileError{path, bare(err)})
				}
			case kind.IsRegular() && IsPicture(path):
				paths = append(paths, path)
			}
		}
		return nil
	}
	err = walk(dir)
	return paths, skipped, err
}

// Len counts the pictures.
func (f *Folder) Len() int { return len(f.files) }

// Paths lists the pictures.
func (f *Folder) Paths() []string {
	out := make([]string, len(f.files))
	for i, k := range f.files {
		out[i] = f.shelf.paths[k]
	}
	return out
}

// Channels of a batch.
func (f *Folder) Channels() int { return f.channels }

// Skipped lists the pictures that cannot be used: those found when the folder
// was opened, then those found since. Both halves of a split list them all.
func (f *Folder) Skipped() []FileError { return f.shelf.reasons() }

// Split keeps every every-th picture for validation, at least one of two. held
// is nil when there is only one picture.
func (f *Folder) Split(every int) (train, held *Folder) {
	a, b := split(len(f.files), every)
	part := func(idx []int) *Folder {
		if len(idx) == 0 {
			return nil
		}
		g := *f
		g.files = make([]int, len(idx))
		for i, k := range idx {
			g.files[i] = f.files[k]
		}
		return &g
	}
	return part(a), part(b)
}

// split numbers those that are kept and those that are held out.
func split(n, every int) (train, held []int) {
	if every < 2 {
		panic("imageio: a split needs every of 2 or more")
	}
	every = min(every, max(n, 2))
	for i := range n {
		if i%every == every-1 {
			held = append(held, i)
		} else {
			train = append(train, i)
		}
	}
	return train, held
}

// Batch gives n crops (n, Crop, Crop, C). A picture is drawn, then crops of
// it: one, and one more for each two megapixels up to eight, because decoding
// a photograph costs more than a step of training. Each crop has a random place
// and is one of its eight turns and mirrorings, and more is done to it where that
// was asked for. A side shorter than the crop
// is continued by reflection. Pictures with transparency lie on white. A
// picture that turns out damaged is recorded in Skipped and the next one that
// can be read stands in for it; the error, when none can, is the first one's.
func (f *Folder) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	type job struct {
		file, at, n int
		rng         *rand.Rand
	}
	var jobs []job
	for at := 0; at < n; { // everything of the caller's generator is drawn here, in order
		j := job{file: rng.IntN(len(f.files)), at: at, rng: rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))}
		i := f.shelf.infos[f.files[j.file]]
		j.n = min(1+min(i.Width*i.Height>>21, 7), n-at)
		jobs = append(jobs, j)
		at += j.n
	}
	out := tensor.New(n, f.crop, f.crop, f.channels)
	errs := make([]error, len(jobs))
	size := f.crop * f.crop * f.channels
	parallel(len(jobs), func(a, b int) {
		for k := a; k < b; k++ {
			j := jobs[k]
			p, err := f.read(j.file)
			if err != nil {
				errs[k] = err
				continue
			}
			for i := range j.n {
				dst := out.Data[(j.at+i)*size : (j.at+i+1)*size]
				if f.augment {
					p.augmented(dst, f.crop, f.channels, f.leaves, j.rng)
				} else {
					p.randomCrop(dst, f.crop, f.channels, j.rng)
				}
			}
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// read returns a picture, or the next one that can be read.
func (f *Folder) read(file int) (*pixels, error) {
	var first error
	for k := range f.files {
		p, err := f.shelf.read(f.files[(file+k)%len(f.files)])
		if err == nil {
			return p, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// Sample gives the middles of n pictures spread over the folder, the same
// every time, for looking at: (n, Crop, Crop, C), fewer when there are fewer.
func (f *Folder) Sample(n int) (*tensor.Tensor, error) {
	n = min(n, len(f.files))
	out := tensor.New(n, f.crop, f.crop, f.channels)
	size := f.crop * f.crop * f.channels
	for i := range n {
		p, err := f.read(i * len(f.files) / n)
		if err != nil {
			return nil, err
		}
		p.crop(out.Data[i*size:(i+1)*size], f.crop, f.channels, (p.w-f.crop)/2, (p.h-f.crop)/2, 0)
	}
	return out, nil
}
