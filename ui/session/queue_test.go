package session

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/imageio"
)

// queueOf opens paths in a session and puts them into the queue.
func queueOf(t *testing.T, s *Session, n int, paths ...string) {
	t.Helper()
	s.OpenPaths(paths, PageDenoise)
	until(t, s, "the pictures", func(st State) bool { return settled(st) && st.Picture.Of == n && !st.Picture.Sample })
	before := len(s.State().Queue.Items)
	s.QueueAll(PageDenoise)
	until(t, s, "the queue", func(st State) bool { return len(st.Queue.Items) == before+n })
}

func ended(st State) bool {
	return !st.Queue.Running && st.Queue.Counts[Waiting] == 0 && st.Queue.Counts[Working] == 0
}

// TestQueue denoises a folder with a bad file in it and single files, takes more while it
// runs, and leaves alone what is there.
func TestQueue(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "holiday")
	paintFile(t, filepath.Join(in, "a.png"), 1, 90, 3, 8)
	write(t, filepath.Join(in, "b.png"), "no picture")
	paintFile(t, filepath.Join(in, "deep", "c.tif"), 2, 70, 3, 16)
	single := filepath.Join(dir, "single.jpg")
	paintFile(t, single, 3, 200, 1, 8)
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	queueOf(t, s, 3, in)
	s.StartQueue()
	queueOf(t, s, 1, single)
	s.StartQueue() // does nothing while it runs
	st := until(t, s, "the end of the queue", ended)
	want := map[string]QueueState{
		filepath.Join("holiday", "a.png"): Done, filepath.Join("holiday", "b.png"): Failed,
		filepath.Join("holiday", "deep", "c.tif"): Done, "single.jpg": Done,
	}
	for _, q := range st.Queue.Items {
		if q.State != want[q.Name] || q.State == Done && (q.Thumb == nil || q.Part != 1) || (q.State == Failed) != (q.Text.Key != "") {
			t.Errorf("%s is %s (%s)", q.Name, q.State, q.Text)
		}
	}
	if got := files(t, in+"-clean"); !slices.Equal(got, []string{"a.png", "deep/c.tif"}) {
		t.Errorf("written: %v", got)
	}
	if p, err := imageio.Open(filepath.Join(in+"-clean", "deep", "c.tif"), imageio.Limits{}); err != nil || p.Depth != 16 {
		t.Errorf("a 16-bit picture comes out with %v, %v", p, err)
	}
	clean := filepath.Join(dir, "clean", "single.jpg")
	before := read(t, clean)

	queueOf(t, s, 1, single)
	s.StartQueue()
	st = until(t, s, "the same once more", func(st State) bool { return ended(st) && len(st.Queue.Items) == 5 })
	if q := st.Queue.Items[4]; q.State != There || !bytes.Equal(before, read(t, clean)) {
		t.Errorf("a result that is there: %s", q.State)
	}
	paintFile(t, filepath.Join(in, "b.png"), 4, 30, 3, 8)
	s.RetryQueue()
	s.StartQueue()
	st = until(t, s, "the repaired one", func(st State) bool { return ended(st) && st.Queue.Counts[Failed] == 0 })
	if st.Queue.Counts[Done] != 4 {
		t.Errorf("after a second try: %v", st.Queue.Counts)
	}
	s.ClearQueue()
	until(t, s, "an empty queue", func(st State) bool { return len(st.Queue.Items) == 0 })
}

// TestQueueOptions names results as they are wanted, and never over pictures.
func TestQueueOptions(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.webp.png")
	paintFile(t, path, 1, 40, 3, 8)
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	out := filepath.Join(dir, "out")
	s.SetQueueOptions(QueueOptions{Out: out, Template: "{name} by {model} {number}"})
	queueOf(t, s, 1, path)
	s.StartQueue()
	until(t, s, "the end", func(st State) bool { return ended(st) && st.Queue.Counts[Done] == 1 })
	if got := files(t, out); !slices.Equal(got, []string{"a.webp by tiny 1.png"}) {
		t.Errorf("written: %v", got)
	}
	s.ClearQueue()
	before := read(t, path)
	s.SetQueueOptions(QueueOptions{Out: dir, Overwrite: true})
	queueOf(t, s, 1, path)
	s.StartQueue()
	st := until(t, s, "a refusal", func(st State) bool { return ended(st) && st.Queue.Counts[Failed] == 1 })
	if !bytes.Equal(before, read(t, path)) || !strings.Contains(st.Queue.Items[0].Text.String(), "written over the picture") {
		t.Errorf("onto itself: %s", st.Queue.Items[0].Text)
	}
	for _, wrong := range []string{"x", "../{name}", "{name}:{model}", "{nmae}", ".{name}", "{name}\n"} {
		s.SetQueueOptions(QueueOptions{Template: wrong})
		if got := s.State().Queue.Options.Template; got != "" {
			t.Errorf("%q is taken for a template", wrong)
		}
	}
}

// TestQueueStops stops in the middle of a picture: it waits again, and nothing is half
// written.
func TestQueueStops(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	paintFile(t, filepath.Join(in, "a.png"), 1, 700, 3, 8)
	paintFile(t, filepath.Join(in, "b.png"), 2, 700, 3, 8)
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	queueOf(t, s, 2, in)
	s.StartQueue()
	until(t, s, "work", func(st State) bool { return st.Queue.Counts[Working] == 1 })
	s.StopQueue()
	st := until(t, s, "rest", func(st State) bool { return !st.Queue.Running })
	if st.Queue.Counts[Working] != 0 || st.Queue.Counts[Waiting] == 0 {
		t.Errorf("stopped: %v", st.Queue.Counts)
	}
	for _, f := range files(t, in+"-clean") {
		if _, err := imageio.Open(filepath.Join(in+"-clean", f), imageio.Limits{}); err != nil {
			t.Errorf("half written: %v", err)
		}
	}
	s.StartQueue()
	until(t, s, "the end", ended)
	if err := os.RemoveAll(in + "-clean"); err != nil {
		t.Fatal(err)
	}
}

// TestQueueCompresses compresses a folder that is open, in a queue that also denoises it.
func TestQueueCompresses(t *testing.T) {
	if _, err := LoadCodec(""); err != nil {
		t.Skip("no model for compressing is built in: ", err)
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "holiday")
	paintFile(t, filepath.Join(in, "a.png"), 1, 90, 3, 8)
	paintFile(t, filepath.Join(in, "deep", "b.tif"), 2, 70, 1, 16)
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	queueOf(t, s, 2, in)
	s.SetCompression(Compression{Quality: 20})
	s.QueueAll(PageCompress)
	s.QueueAll(PageCompress) // they wait already
	until(t, s, "the queue", func(st State) bool { return len(st.Queue.Items) == 4 })
	s.StartQueue()
	st := until(t, s, "the end of the queue", ended)
	for _, q := range st.Queue.Items {
		if q.State != Done || q.Compresses() != (q.Size > 0) {
			t.Errorf("%s is %s with %d bytes (%s)", q.Name, q.State, q.Size, q.Text)
		}
	}
	if got := files(t, in+"-small"); !slices.Equal(got, []string{"a.sieve", "deep/b.sieve"}) {
		t.Errorf("written: %v", got)
	}
	s.OpenPaths([]string{in + "-small"}, PageCompress)
	until(t, s, "the folder of results", func(st State) bool { return st.Picture.Of == 2 && st.Picture.Format == "sieve" })
}
