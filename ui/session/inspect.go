package session

// This file tells the facts about a file.

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
)

// An Inspection is what a file is. One of its pointers is set, or Lessons.
type Inspection struct {
	File    string        `json:"file"`
	Kind    string        `json:"kind"` // "picture", "model", "checkpoint", "compressed", "lesson" or "set"
	Bytes   int64         `json:"bytes"`
	Picture *PictureFacts `json:"picture,omitempty"`
	Model   *ModelFacts   `json:"model,omitempty"`
	Packed  *PackedFacts  `json:"compressed,omitempty"`
	Lessons []LessonFacts `json:"lessons,omitempty"`
	Student string        `json:"student,omitempty"` // whose answers come with the lessons
	Set     *SetFacts     `json:"set,omitempty"`
}

// LessonFacts are what a lesson in a file is.
type LessonFacts struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	About    string `json:"about"`
	Data     string `json:"data"`
	Runs     int    `json:"runs"`
	Recorded bool   `json:"recorded"` // there are figures to compare with
	Answered bool   `json:"answered"` // there is an answer to its question
}

// SetFacts are what a set of small pictures is.
type SetFacts struct {
	Count    int  `json:"count"`
	Width    int  `json:"width"`
	Height   int  `json:"height"`
	Channels int  `json:"channels"`
	Labels   bool `json:"labels"`
}

// PackedFacts are what a compressed picture is.
type PackedFacts struct {
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Grey    bool    `json:"grey"`
	Deep    bool    `json:"deep"` // the original had more than 8 bits a sample
	Alpha   bool    `json:"alpha"`
	Quality float64 `json:"quality"` // 0 to 100
	BPP     float64 `json:"bpp"`     // bits a pixel
	Tiles   int     `json:"tiles"`
	Model   string  `json:"model"`   // what reads it, in hexadecimal
	AtHand  bool    `json:"at_hand"` // that model is here
	Exif    int     `json:"exif"`    // bytes
	ICC     int     `json:"icc"`     // bytes
	Harm    string  `json:"harm,omitempty"`
}

// PictureFacts are what a picture is.
type PictureFacts struct {
	Format      string `json:"format"`
	Width       int    `json:"width"` // as displayed
	Height      int    `json:"height"`
	Channels    int    `json:"channels"`
	Depth       int    `json:"depth"`       // bits a sample
	Orientation int    `json:"orientation"` // of the file, 1 to 8 as in EXIF
	Alpha       bool   `json:"alpha"`       // something is transparent
	Exif        int    `json:"exif"`        // bytes
	ICC         int    `json:"icc"`         // bytes
}

// ModelFacts are what a model is.
type ModelFacts struct {
	Spec    model.Spec   `json:"spec"`
	Info    model.Info   `json:"info"`
	Count   int          `json:"count"`            // learned numbers
	Cell    int          `json:"cell"`             // pixels a side that one cell of the latent covers
	Share   float64      `json:"latent_share"`     // numbers of the latent for each of the picture
	Data    string       `json:"data,omitempty"`   // what a checkpoint learns from
	Codec   string       `json:"codec,omitempty"`  // what compressed pictures call it, in hexadecimal
	Normal  *NormalFacts `json:"normal,omitempty"` // nil when it has not been shown good pictures
	Tensors []Tensor     `json:"tensors"`
}

// NormalFacts are what a model knows of good pictures.
type NormalFacts struct {
	Held        int     `json:"held"`         // pictures whose scores are known
	Lowest      float64 `json:"lowest"`       // of these
	Highest     float64 `json:"highest"`      // of these
	Threshold   float64 `json:"threshold"`    // at DefaultQuantile
	FalseAlarms float64 `json:"false_alarms"` // share above it
	Codes       int     `json:"codes"`        // that others are compared with
}

// A Tensor is one of a model's.
type Tensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

// A Fact is a name and a value for people.
type Fact struct{ Name, Value string }

// Inspect reads a picture, a model (a file or a shipped one), a checkpoint, a set of small
// pictures or lessons as a whole, so that one it returns is not damaged.
func Inspect(ctx context.Context, path string, lim imageio.Limits) (Inspection, error) {
	if err := ctx.Err(); err != nil {
		return Inspection{}, err
	}
	in := Inspection{File: path}
	kind, size, err := kindOf(path)
	if b, ok := assets.Model(path); ok && errors.Is(err, fs.ErrNotExist) {
		kind, size, err = kindModel, int64(len(b)), nil // a shipped one
	}
	if err != nil {
		return in, err
	}
	in.Bytes = size
	switch kind {
	case kindFolder:
		return in, imageio.FileError{Path: path, Err: ErrFolder}
	case kindModel:
		in.Kind = "model"
		m, _, err := LoadModel(path)
		if err != nil {
			return in, err
		}
		cell := m.Cell()
		f := &ModelFacts{Spec: m.Spec, Info: m.Info, Count: m.Count(), Cell: cell}
		f.Share = m.Spec.Share()
		for name, p := range m.Params() {
			f.Tensors = append(f.Tensors, Tensor{name, p.Val.Shape})
		}
		if data, err := checkpointData(path); err == nil {
			in.Kind, f.Data = "checkpoint", data
		}
		if codec, err := m.Freeze(); err == nil {
			id := codec.ID()
			f.Codec = hex.EncodeToString(id[:])
		}
		if n := m.Normal; n != nil {
			f.Normal = &NormalFacts{Held: len(n.Scores), Codes: len(n.Codes) / len(n.Mean), Lowest: n.Threshold(0), Highest: n.Threshold(1), Threshold: n.Threshold(DefaultQuantile)}
			f.Normal.FalseAlarms = n.FalseAlarms(f.Normal.Threshold)
		}
		in.Model = f
	case kindPacked:
		in.Kind = "compressed"
		p, harms, err := imageio.OpenPacked(path, lim)
		if err != nil {
			return in, err
		}
		f := &PackedFacts{
			Width: p.Width, Height: p.Height, Grey: p.Grey, Deep: p.Deep, Alpha: p.Alpha != nil, Tiles: len(p.Tiles),
			Quality: 100 * float64(p.Quality) / model.Qualities, BPP: 8 * float64(size) / float64(p.Width) / float64(p.Height),
			Model: hex.EncodeToString(p.Model[:]), Exif: len(p.Exif), ICC: len(p.ICC),
		}
		in.Packed = f
		codec, err := new(library).find(path, p.Model)
		if f.AtHand = err == nil; f.AtHand {
			x, err := unpack(ctx, path, codec, p, harms, nil)
			if err != nil {
				return in, err
			}
			if x.Harm != nil {
				f.Harm = detail(x.Harm, ErrPartly)
			}
		} else if len(harms) > 0 {
			f.Harm = fmt.Sprintf("%d parts do not match their checksums", len(harms))
		}
	case kindLesson:
		in.Kind = "lesson"
		p, err := readPack(path)
		if err != nil {
			return in, err
		}
		in.Student = p.Student
		for _, l := range p.Lessons {
			answered := slices.ContainsFunc(p.Answers, func(a Answer) bool { return a.Lesson == l.Name })
			in.Lessons = append(in.Lessons, LessonFacts{l.Name, l.Title, l.About, l.Data, len(l.Runs), len(l.Recorded) > 0, answered})
		}
	case kindSet:
		in.Kind = "set"
		set, err := imageio.OpenSet(path, 0)
		if err == nil && set == nil {
			err = imageio.FileError{Path: path, Err: errUnknown}
		}
		if err != nil {
			return in, err
		}
		h, w, c := set.Size()
		in.Set = &SetFacts{Count: set.Len(), Width: w, Height: h, Channels: c, Labels: set.Labels() != nil}
	default:
		in.Kind = "picture"
		info, err := imageio.Probe(path)
		if errors.Is(err, imageio.ErrFormat) {
			err = errUnknown
		}
		if err != nil {
			return in, imageio.FileError{Path: path, Err: err}
		}
		p, err := openPicture(ctx, path, lim)
		if err != nil {
			return in, err
		}
		in.Picture = &PictureFacts{
			Format: info.Format, Width: info.Width, Height: info.Height, Channels: info.Channels, Depth: info.Depth,
			Orientation: info.Orientation, Alpha: p.Alpha != nil, Exif: len(p.Exif), ICC: len(p.ICC),
		}
	}
	return in, nil
}

// Facts are the same for people, in the order to show them.
func (in Inspection) Facts() []Fact {
	facts := []Fact{{"File", in.File}, {"Kind", in.Kind}, {"Size", fmt.Sprintf("%d bytes", in.Bytes)}}
	add := func(name, format string, args ...any) {
		facts = append(facts, Fact{name, fmt.Sprintf(format, args...)})
	}
	if p := in.Picture; p != nil {
		add("Format", "%s", p.Format)
		add("Pixels", "%d × %d", p.Width, p.Height)
		add("Channels", "%d", p.Channels)
		add("Depth", "%d bits", p.Depth)
		add("Orientation", "%d", p.Orientation)
		add("Transparency", "%s", map[bool]string{false: "none", true: "yes"}[p.Alpha])
		add("EXIF", "%d bytes", p.Exif)
		add("Colour profile", "%d bytes", p.ICC)
	}
	if p := in.Packed; p != nil {
		add("Pixels", "%d × %d, %s", p.Width, p.Height, map[bool]string{false: "colour", true: "grey"}[p.Grey])
		add("Rate", "%.3f bits a pixel, quality %g", p.BPP, p.Quality)
		add("Original", "%s", map[bool]string{false: "8 bits a sample", true: "more than 8 bits a sample"}[p.Deep])
		add("Transparency", "%s", map[bool]string{false: "none", true: "yes"}[p.Alpha])
		add("EXIF", "%d bytes", p.Exif)
		add("Colour profile", "%d bytes", p.ICC)
		add("Tiles", "%d", p.Tiles)
		add("Model", "%s, %s", p.Model, map[bool]string{false: "not at hand", true: "at hand"}[p.AtHand])
		if p.Harm == "" {
			add("Damage", "none")
		} else {
			add("Damage", "%s", p.Harm)
		}
	}
	if in.Student != "" {
		add("Student", "%s", in.Student)
	}
	for _, l := range in.Lessons {
		add("Lesson", "%s: %s. %s", l.Name, strings.TrimRight(l.Title, ".?!"), l.About)
		add("Learns from", "%s, runs: %d%s%s", l.Data, l.Runs, map[bool]string{true: ", with recorded figures"}[l.Recorded], map[bool]string{true: ", answered"}[l.Answered])
	}
	if d := in.Set; d != nil {
		add("Pictures", "%d of %d × %d, channels: %d, %s", d.Count, d.Width, d.Height, d.Channels, map[bool]string{false: "no labels", true: "with labels"}[d.Labels])
	}
	if m := in.Model; m != nil {
		s := m.Spec
		add("Body", "%s, %d channels of the picture", s.Body, s.Channels)
		switch s.Body {
		case "conv":
			add("Layers", "depth %d, width %d, kernel %d, %d residual blocks, %s, up by %s", s.Depth, s.Width, s.Kernel, s.Blocks, s.Activation, s.Up)
		case "shuffle":
			add("Layers", "%d levels from a quarter of the resolution on, %d channels growing to %d, %d residual blocks each, %s", s.Depth-1, s.Width, s.Latent, s.Blocks, s.Activation)
		case "recurrent":
			add("Layers", "%d passes of %d levels of gated units, %d channels and twice as many at each further level", s.Passes, s.Depth, s.Width)
		case "unet":
			add("Layers", "%d levels from half the resolution on, %d channels growing to %d, %d residual blocks each, %s, up by %s", s.Depth, s.Width, s.Latent, s.Blocks, s.Activation, s.Up)
		}
		add("Output", "%s", s.Output)
		if s.Skips {
			add("Skips", "from each size of the encoder to the decoder's, past the bottleneck")
		}
		if s.Level {
			add("Noise level", "told, in training %s", map[bool]string{false: "as it is", true: "as it is estimated"}[s.Estimated])
		}
		add("Latent", "%d channels, one cell for %d × %d pixels: %.3g numbers for each of the picture", s.Numbers(), m.Cell, m.Cell, m.Share)
		if s.Bottleneck == "quantised" {
			add("Bottleneck", "quantised, lambda %g at quality 100 and %g times that at 0, %d channels sent ahead, %s context", s.Lambda, s.Range, s.Hyper, map[bool]string{false: "no", true: "with"}[s.Context])
			add("Codec", "%s", m.Codec)
		} else {
			more := ""
			switch s.Bottleneck {
			case "kl-sparse", "k-sparse":
				more = fmt.Sprintf(", %g of it active", s.Activity)
			case "variational":
				more = fmt.Sprintf(", %g nats a channel free", s.Free)
			}
			add("Bottleneck", "%s, lambda %g%s", s.Bottleneck, s.Lambda, more)
		}
		add("Scheme", "%s, loss %s", s.Scheme, s.Loss)
		add("Optimiser", "%s, rate %g, %s, batch %d, crop %d, seed %d, %s", s.Optimiser, s.Rate, s.Schedule, s.Batch, s.Crop, s.Seed, s.Precision)
		add("Learned numbers", "%d in %d tensors", m.Count, len(m.Tensors))
		add("Trained", "%d of %d steps", m.Info.Step, s.Steps)
		add("Validation", "loss %.6g, PSNR %.2f dB", m.Info.ValLoss, m.Info.ValPSNR)
		if m.Info.ValNats != 0 {
			add("Nats a picture", "%.1f", m.Info.ValNats)
		}
		if m.Normal != nil {
			add("Good pictures", "%d held back, their scores %.3g to %.3g, threshold %.3g for %g %% false alarms; %d codes",
				m.Normal.Held, m.Normal.Lowest, m.Normal.Highest, m.Normal.Threshold, 100*m.Normal.FalseAlarms, m.Normal.Codes)
		}
		if m.Data != "" {
			add("Learns from", "%s", m.Data)
		}
	}
	return facts
}

// A kind is what a path leads to.
type kind int

const (
	kindPicture kind = iota
	kindModel        // or checkpoint
	kindFolder
	kindPacked // a compressed picture
	kindSet    // of small pictures, in IDX or CIFAR-10's format
	kindLesson // or several, with answers to them
)

var errUnknown = errors.New("session: neither a picture nor a model")

// kindOf tells by the first bytes what a file is, and how long. Whatever is
// nothing else may be a picture.
func kindOf(path string) (kind, int64, error) {
	at, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	if at.IsDir() {
		return kindFolder, 0, nil
	}
	if !at.Mode().IsRegular() { // opening a pipe would wait
		return 0, 0, imageio.FileError{Path: path, Err: errUnknown}
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	var head [9]byte
	n, err := io.ReadFull(f, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, 0, err
	}
	name := strings.ToLower(filepath.Base(path))
	switch {
	case strings.HasSuffix(name, ".json"):
		return kindLesson, at.Size(), nil
	case imageio.IsPacked(head[:n]), strings.HasSuffix(name, imageio.PackedExtension):
		return kindPacked, at.Size(), nil
	case n == len(head) && head[8] == '{' && binary.LittleEndian.Uint64(head[:]) < 1<<32,
		strings.HasSuffix(name, ".safetensors"), strings.HasSuffix(name, ".checkpoint"):
		return kindModel, at.Size(), nil
	case n >= 4 && head[0] == 0 && head[1] == 0 && head[2] == 8 && (head[3] == 3 || head[3] == 4),
		strings.HasSuffix(name, ".gz"), strings.HasSuffix(name, ".bin"):
		return kindSet, at.Size(), nil
	}
	return kindPicture, at.Size(), nil
}

// checkpointData returns what a checkpoint learns from. The error is for what is
// no checkpoint.
func checkpointData(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, _, err := model.CheckpointData(f)
	return data, err
}

func isCheckpoint(path string) bool {
	_, err := checkpointData(path)
	return err == nil
}
