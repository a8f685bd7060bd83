package session

// This file finds what is unlike good pictures in files and folders.

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
	"sieve/model/tensor"
)

// A DetectJob says which pictures to judge, with what, and where to put the answer.
type DetectJob struct {
	In []string // files and folders, which are walked
	// Out is a CSV file, or a folder: then it gets the table as scores.csv, and a heat map
	// over each picture as PNG. It keeps the tree below each folder of In.
	Out       string
	Model     string   // as LoadModel has it
	Threshold *float64 // a score above it is anomalous; nil: as Quantile says
	Quantile  float64  // of good pictures held back that are to pass; 0: DefaultQuantile
	Good      string   // folder of good pictures to compare with, instead of those that the model has been shown
	GoodNames []string // as Labels; nil: DefaultGoodNames
	Jobs      int      // as in DenoiseJob
	Overwrite bool
	Limits    imageio.Limits
}

// DefaultQuantile lets one good picture in twenty raise a false alarm.
const DefaultQuantile = 0.95

// DefaultGoodNames are words in the name of a folder that says its pictures are good.
var DefaultGoodNames = [...]string{"good", "ok", "normal", "free"}

// errMask reports a mask that does not fit its picture.
var errMask = errors.New("session: a mask of another size")

// A Label is what is known of a picture without looking at it.
type Label string

const (
	Unlabelled Label = ""
	Good       Label = "good"
	Bad        Label = "bad"
)

// A Verdict is what is found of a picture.
type Verdict struct {
	File      string
	Score     float64 // 1 is about what good pictures have
	Anomalous bool    // the score is above the threshold
	Label     Label
}

// A DetectReport says how far a job is.
type DetectReport struct {
	FileReport
	Verdict   *Verdict // of a file that is done; else nil
	Surveying bool     // good pictures are being looked at first; Done and Total count them
}

// A DetectSummary is what a job has found. Figures are NaN where labels do not tell them.
type DetectSummary struct {
	Summary
	Threshold   float64
	FalseAlarms float64   // share of the good pictures held back that is above it
	Held        int       // how many these are
	Anomalous   int       // pictures
	Verdicts    []Verdict // the highest score first
	Quality
}

// Quality is how well scores tell good from bad, where that is known.
type Quality struct {
	Good, Bad  int // pictures
	AUROC      float64
	ROC        []metric.ROCPoint // nil without good and bad ones
	Alarms     float64           // share of the good ones above the threshold
	Found      float64           // share of the bad ones above it
	PixelAUROC float64           // over all pixels of pictures that are good or have a mask
}

// Detect judges pictures. report may be nil; it is called by one goroutine at a time. A
// picture that fails is reported and the others go on. The table is written at the end.
func Detect(ctx context.Context, job DetectJob, report func(DetectReport)) (DetectSummary, error) {
	out := DetectSummary{Quality: Quality{AUROC: nan, PixelAUROC: nan, Alarms: nan, Found: nan}}
	if report == nil {
		report = func(DetectReport) {}
	}
	if job.Quantile == 0 {
		job.Quantile = DefaultQuantile
	}
	if err := job.check(); err != nil {
		return out, err
	}
	m, title, err := LoadModel(job.Model)
	if err != nil {
		return out, err
	}
	list, table, err := job.errands(ctx)
	if err != nil {
		return out, err
	}
	switch {
	case job.Good != "":
		err = surveyFolder(ctx, m, job.Good, job.Limits, func(done, total int) {
			report(DetectReport{FileReport: FileReport{File: job.Good, Done: int64(done), Total: int64(total)}, Surveying: true})
		})
	case m.Normal == nil:
		err = imageio.FileError{Path: title, Err: errNoNormal}
	}
	if err != nil {
		return out, err
	}
	out.Threshold = m.Normal.Threshold(job.Quantile)
	if job.Threshold != nil {
		out.Threshold = *job.Threshold
	}
	out.FalseAlarms, out.Held = m.Normal.FalseAlarms(out.Threshold), len(m.Normal.Scores)
	judge := judge{m: m, threshold: out.Threshold, labels: labelsOf(list, job.GoodNames), limits: job.Limits}
	out.Summary, err = doAll(ctx, list, job.Jobs, pixelsOf, judge.file, func(r FileReport, v *Verdict) {
		if v != nil {
			out.Verdicts = append(out.Verdicts, *v)
		}
		report(DetectReport{FileReport: r, Verdict: v})
	})
	if err != nil {
		return out, err
	}
	slices.SortFunc(out.Verdicts, func(a, b Verdict) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.File, b.File))
	})
	for _, v := range out.Verdicts {
		if v.Anomalous {
			out.Anomalous++
		}
	}
	out.Quality = Judge(out.Verdicts, out.Threshold)
	out.PixelAUROC = judge.pixels.auroc()
	if len(out.Verdicts) == 0 {
		return out, nil
	}
	return out, writeVerdicts(table, out.Verdicts, out.Threshold)
}

func (j DetectJob) check() error {
	switch {
	case !(j.Quantile > 0 && j.Quantile <= 1):
		return &model.SpecError{Field: "quantile", Value: fmt.Sprint(j.Quantile), Want: "above 0 and at most 1, such as 0.95"}
	case j.Threshold != nil && !(*j.Threshold >= 0 && finite(*j.Threshold)):
		return &model.SpecError{Field: "threshold", Value: fmt.Sprint(*j.Threshold), Want: "auto or a score, 0 or more"}
	}
	return nil
}

// errands lists the pictures to judge and says where the table goes.
func (j DetectJob) errands(ctx context.Context) (list []errand, table string, err error) {
	r := route{in: j.In, out: j.Out, overwrite: j.Overwrite, accepts: isJudged, ending: func(name string) string {
		if filepath.Ext(name) == ".png" {
			return ""
		}
		return ".png"
	}}
	if only := strings.EqualFold(filepath.Ext(j.Out), ".csv"); only {
		table = j.Out
		r.out, r.overwrite = filepath.Join(filepath.Dir(j.Out), "."), true
	} else if table = filepath.Join(j.Out, "scores.csv"); j.Out != "" {
		r.out = j.Out + string(filepath.Separator)
	}
	if list, err = r.errands(ctx); err != nil {
		return nil, "", err
	}
	if _, err := os.Stat(table); err == nil && !j.Overwrite {
		return nil, "", imageio.FileError{Path: table, Err: ErrExists}
	}
	for i := range list {
		e := &list[i]
		if table == j.Out {
			e.out = ""
		}
		if e.there { // without its score the table would not be whole
			e.there, e.err = false, imageio.FileError{Path: e.out, Err: ErrExists}
		}
	}
	return list, table, nil
}

// A judge looks at pictures, several at a time.
type judge struct {
	m         *model.Model
	threshold float64
	labels    map[string]Label
	limits    imageio.Limits

	mu     sync.Mutex
	pixels tellings
}

// file judges one picture, and writes its heat map if there is a place for it.
func (j *judge) file(ctx context.Context, e errand, progress model.Report) (*Verdict, error) {
	p, err := openPicture(ctx, e.in, j.limits)
	if err != nil {
		return nil, err
	}
	a, err := j.m.Anomaly(ctx, inChannels(p.Pix, j.m.Spec.Channels), progress)
	if err != nil {
		return nil, err
	}
	v := &Verdict{File: e.in, Score: a.Score, Anomalous: a.Score > j.threshold, Label: j.labels[e.in]}
	if name := maskOf(e.in); name != "" || v.Label == Good {
		bad, err := j.mask(ctx, name, a.Map)
		if err != nil {
			return nil, err
		}
		j.mu.Lock()
		j.pixels.add(a.Map.Data, bad)
		j.mu.Unlock()
	}
	if e.out == "" {
		return v, nil
	}
	over := &imageio.Picture{Pix: HeatOver(p.Pix, a.Map, j.threshold), Depth: 8}
	return v, saveInFolder(ctx, e.out, over, imageio.SaveOptions{})
}

// mask reads which pixels are bad, none where there is no mask.
func (j *judge) mask(ctx context.Context, name string, like *tensor.Tensor) ([]bool, error) {
	bad := make([]bool, len(like.Data))
	if name == "" {
		return bad, nil
	}
	p, err := openPicture(ctx, name, j.limits)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(p.Pix.Shape[:3], like.Shape[:3]) {
		return nil, imageio.FileError{Path: name, Err: errMask}
	}
	for i, v := range inChannels(p.Pix, 1).Data {
		bad[i] = v >= 0.5
	}
	return bad, nil
}

// HeatOver lays an anomaly map over a picture in grey, in colours that are seen where
// the map comes near the threshold and are brightest from twice that on.
func HeatOver(x, heat *tensor.Tensor, threshold float64) *tensor.Tensor {
	_, h, w, _ := x.Dims4()
	grey, out := inChannels(x, 1), tensor.New(1, h, w, 3)
	scale := float32(1 / max(2*threshold, 1e-9))
	for i, v := range grey.Data {
		t := within(heat.Data[i] * scale)
		c := imageio.Viridis.At(t)
		cover := min(2*t, 1) * 0.8
		for k, s := range [3]uint8{c.R, c.G, c.B} {
			out.Data[3*i+k] = v + float32(cover*(float32(s)/255-v))
		}
	}
	return out
}

// isJudged accepts pictures that are not the masks of others.
func isJudged(path string) bool {
	if !imageio.IsPicture(path) {
		return false
	}
	if !strings.EqualFold(filepath.Ext(path), ".png") {
		return true
	}
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	for _, ext := range masked {
		if _, err := os.Stat(stem + ext); err == nil {
			return false
		}
	}
	return true
}

// masked are the endings of pictures beside which a PNG of the same name is a mask.
var masked = [...]string{".jpg", ".jpeg", ".JPG", ".JPEG", ".bmp", ".tif", ".tiff"}

// maskOf returns the mask beside a picture, "" when there is none.
func maskOf(path string) string {
	ext := filepath.Ext(path)
	if !slices.Contains(masked[:], ext) {
		return ""
	}
	mask := strings.TrimSuffix(path, ext) + ".png"
	if _, err := os.Stat(mask); err != nil {
		return ""
	}
	return mask
}

// labelsOf says which pictures are good and which are bad. A picture with a mask beside
// it is bad. Else the name of its folder decides: it is good if a word of it, in any
// case, is one of names, and bad if it is not and another picture is good. Without any
// that is good, nothing is known of those without a mask.
func labelsOf(list []errand, names []string) map[string]Label {
	if names == nil {
		names = DefaultGoodNames[:]
	}
	labels := map[string]Label{}
	some := false
	for _, e := range list {
		switch {
		case maskOf(e.in) != "":
			labels[e.in] = Bad
		case named(filepath.Base(filepath.Dir(e.in)), names):
			labels[e.in], some = Good, true
		}
	}
	for _, e := range list {
		if some && labels[e.in] == Unlabelled {
			labels[e.in] = Bad
		}
	}
	return labels
}

// named reports whether a word of a folder's name is one of names.
func named(folder string, names []string) bool {
	words := strings.FieldsFunc(strings.ToLower(folder), func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(words, strings.ToLower(n)) })
}

// Judge says how well verdicts tell good from bad at a threshold.
func Judge(verdicts []Verdict, threshold float64) Quality {
	q := Quality{AUROC: nan, PixelAUROC: nan, Alarms: nan, Found: nan}
	var good, bad []float64
	above := map[Label]float64{}
	for _, v := range verdicts {
		switch v.Label {
		case Good:
			good = append(good, v.Score)
		case Bad:
			bad = append(bad, v.Score)
		}
		if v.Score > threshold {
			above[v.Label]++
		}
	}
	q.Good, q.Bad = len(good), len(bad)
	if q.Good > 0 {
		q.Alarms = above[Good] / float64(q.Good)
	}
	if q.Bad > 0 {
		q.Found = above[Bad] / float64(q.Bad)
	}
	if q.Good > 0 && q.Bad > 0 {
		q.AUROC, q.ROC = metric.AUROC(good, bad), metric.ROC(good, bad)
	}
	return q
}

// Tellings count good and bad pixels by what the map says of them, in 4096 steps of equal
// ratio: no matter how many there are, they take no more memory.
type tellings struct{ good, bad [4096]int64 }

func (t *tellings) add(heat []float32, bad []bool) {
	for i, v := range heat {
		// From 2⁻¹⁶ to 2¹⁶, 128 steps an octave.
		at := min(max(int(128*(math.Log2(float64(v))+16)), 0), len(t.good)-1)
		if bad[i] {
			t.bad[at]++
		} else {
			t.good[at]++
		}
	}
}

// auroc is NaN where there are not both.
func (t *tellings) auroc() float64 {
	var good, bad, won float64
	for i := range t.good {
		won += float64(t.bad[i]) * (good + float64(t.good[i])/2)
		good, bad = good+float64(t.good[i]), bad+float64(t.bad[i])
	}
	return won / (good * bad)
}

// writeVerdicts writes a table.
func writeVerdicts(path string, verdicts []Verdict, threshold float64) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return writeFile(path, func(w io.Writer) error {
		table := csv.NewWriter(w)
		table.Write([]string{"file", "score", "threshold", "anomalous", "label"})
		number := func(x float64) string { return strconv.FormatFloat(x, 'g', 7, 64) }
		for _, v := range verdicts {
			table.Write([]string{v.File, number(v.Score), number(threshold), strconv.FormatBool(v.Anomalous), string(v.Label)})
		}
		table.Flush()
		return table.Error()
	})
}
