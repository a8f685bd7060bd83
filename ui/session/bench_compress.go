package session

// This file measures how well pictures are compressed.

import (
	"context"
	"image/color"
	"io"
	"path/filepath"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
	"sieve/model/tensor"
)

// A CompressBenchJob says what to measure.
type CompressBenchJob struct {
	Dirs      []string  // folders of pictures
	Model     string    // as LoadCodec has it
	Qualities []float64 // of Sieve, 0 to 100; nil: eleven over the range
	Effort    int       // as in Compression; measured beside none
	Only      bool      // Sieve alone, and no others
	Plot      string    // file for the curves, as png or svg; "": none
	Limits    imageio.Limits
}

// A CompressBench is what came out.
type CompressBench struct {
	Codecs   map[string][]RatePoint `json:"codecs"`
	BDRate   map[string]float64     `json:"bd_rate"` // in percent, "sieve_vs_jpeg" and so on; of points from 0.15 to 1.2 bits a pixel
	PeakRSS  float64                `json:"peak_rss_mib"`
	Pictures int                    `json:"pictures"`
	Estimate float64                `json:"over_estimate"` // bytes of Sieve's tiles over the model's own estimate, less 1
}

// A RatePoint is one quality of one codec, means over pictures.
type RatePoint struct {
	Quality float64 `json:"quality"`
	BPP     float64 `json:"bpp"` // bits a pixel, of the whole file
	PSNR    float64 `json:"psnr"`
	MSSSIM  float64 `json:"ms_ssim"`
	Encode  float64 `json:"encode_s"`
	Decode  float64 `json:"decode_s"`
}

// The range in which rates are compared, in bits a pixel.
const leastRate, mostRate = 0.15, 1.2

// mostDrawn is where curves end, in bits a pixel.
const mostDrawn = 1.5

// BenchCompress compresses pictures with Sieve, JPEG (4:2:0, standard tables), WebP and,
// where they are installed, mozjpeg and cwebp, at many qualities. Pictures are in memory; encoding
// ends with the bytes of the whole file, and decoding with pixels. report may be nil.
func BenchCompress(ctx context.Context, job CompressBenchJob, report func(file, codec string, p RatePoint)) (CompressBench, error) {
	out := CompressBench{Codecs: map[string][]RatePoint{}, BDRate: map[string]float64{}}
	format := strings.TrimPrefix(strings.ToLower(filepath.Ext(job.Plot)), ".")
	if job.Plot != "" && format != "png" && format != "svg" {
		return out, imageio.FileError{Path: job.Plot, Err: errChart}
	}
	codec, err := LoadCodec(job.Model)
	if err != nil {
		return out, err
	}
	qualities := job.Qualities
	if qualities == nil {
		for q := range 11 {
			qualities = append(qualities, float64(10*q))
		}
	}
	efforts := []int{0}
	if job.Effort > 0 {
		efforts = append(efforts, job.Effort)
	}
	for _, effort := range efforts {
		out.Codecs[ours(effort)] = make([]RatePoint, len(qualities))
	}
	others := append(rivals(), installed()...)
	if job.Only {
		others = nil
	}
	for _, r := range others {
		out.Codecs[r.name] = make([]RatePoint, len(r.qualities))
	}
	var bits, estimate float64
	for _, dir := range job.Dirs {
		files, err := walkPictures(ctx, dir)
		if err != nil {
			return out, err
		}
		if len(files) == 0 {
			return out, imageio.FileError{Path: dir, Err: ErrNoPictures}
		}
		for _, name := range files {
			p, err := openPicture(ctx, filepath.Join(dir, name), job.Limits)
			if err != nil {
				return out, err
			}
			p = &imageio.Picture{Pix: p.Pix, Depth: 8, Format: p.Format}
			out.Pictures++
			add := func(codec string, i int, quality float64, size int64, encode, decode time.Duration, seen *tensor.Tensor) {
				_, h, w, _ := p.Pix.Dims4()
				q := RatePoint{quality, 8 * float64(size) / float64(h*w), metric.PSNR(seen, p.Pix), metric.MSSSIM(seen, p.Pix), encode.Seconds(), decode.Seconds()}
				if report != nil {
					report(filepath.Base(filepath.Join(dir, name)), codec, q)
				}
				sum := &out.Codecs[codec][i]
				sum.Quality = quality
				sum.BPP += q.BPP
				sum.PSNR += q.PSNR
				sum.MSSSIM += q.MSSSIM
				sum.Encode += q.Encode
				sum.Decode += q.Decode
			}
			for _, effort := range efforts {
				for i, quality := range qualities {
					began := time.Now()
					k, err := newCompressor(ctx, codec, p, nil)
					if err != nil {
						return out, err
					}
					c, err := k.to(ctx, Compression{Quality: quality, Effort: effort}, nil)
					if err != nil {
						return out, err
					}
					encode := time.Since(began)
					x, took, err := reopened(ctx, codec, c.File)
					if err != nil {
						return out, err
					}
					add(ours(effort), i, quality, c.Size, encode, took, x)
					for _, t := range c.File.Tiles {
						bits += 8 * float64(len(t))
					}
					e, err := codec.Estimate(ctx, c.from, c.File.Quality)
					if err != nil {
						return out, err
					}
					estimate += e
				}
			}
			for _, r := range others {
				for i, quality := range r.qualities {
					began := time.Now()
					b, err := r.encode(ctx, p.Pix, quality)
					if err != nil {
						return out, err
					}
					encode := time.Since(began)
					began = time.Now()
					x, err := decodeRival(b, p.Pix)
					if err != nil {
						return out, err
					}
					add(r.name, i, float64(quality), int64(len(b)), encode, time.Since(began), x)
				}
			}
		}
	}
	curves := map[string][]metric.Point{}
	for name, points := range out.Codecs {
		for i := range points {
			p, n := &points[i], float64(out.Pictures)
			p.BPP, p.PSNR, p.MSSSIM, p.Encode, p.Decode = p.BPP/n, p.PSNR/n, p.MSSSIM/n, p.Encode/n, p.Decode/n
			if leastRate <= p.BPP && p.BPP <= mostRate {
				curves[name] = append(curves[name], metric.Point{Rate: p.BPP, PSNR: p.PSNR})
			}
		}
	}
	for _, pair := range []string{
		"sieve_vs_jpeg", "sieve_vs_webp", "webp_vs_jpeg", "sieve_vs_mozjpeg", "sieve_vs_cwebp", "webp_vs_cwebp",
		"sieve_effort_vs_sieve", "sieve_effort_vs_jpeg", "sieve_effort_vs_webp",
	} {
		a, b, _ := strings.Cut(pair, "_vs_")
		if rate, err := metric.BDRate(curves[b], curves[a]); err == nil {
			out.BDRate[pair] = rate
		}
	}
	out.Estimate = bits/estimate - 1
	out.PeakRSS = peakMemory()
	if job.Plot != "" {
		return out, writeFile(job.Plot, func(w io.Writer) error { return out.plot(writer{ctx, w}, format) })
	}
	return out, nil
}

// ours names Sieve in a CompressBench, with an effort or none.
func ours(effort int) string {
	if effort > 0 {
		return "sieve_effort"
	}
	return "sieve"
}

// reopened reads what was written, and says how long that took.
func reopened(ctx context.Context, codec *model.Codec, file *imageio.Packed) (*tensor.Tensor, time.Duration, error) {
	began := time.Now()
	x, err := unpack(ctx, "", codec, file, nil, nil)
	if err != nil {
		return nil, 0, err
	}
	return x.Picture.Pix, time.Since(began), x.Harm
}

// plot draws the curves as png or svg.
func (b CompressBench) plot(w io.Writer, format string) error {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "Bits a pixel", "PSNR, dB"
	p.Legend.XOffs, p.Legend.YOffs = -vg.Points(12), vg.Points(12)
	p.X.Min, p.X.Max = 0, mostDrawn
	p.Add(plotter.NewGrid())
	for _, c := range []struct {
		name, title string
		colour      color.RGBA
	}{
		{"sieve_effort", "Sieve, with effort", color.RGBA{0x7b, 0x3f, 0xc4, 0xff}}, {"sieve", "Sieve", color.RGBA{0x1f, 0x6f, 0xeb, 0xff}},
		{"webp", "WebP", color.RGBA{0x2e, 0x8b, 0x57, 0xff}},
		{"mozjpeg", "mozjpeg", color.RGBA{0xb8, 0x86, 0x0b, 0xff}}, {"jpeg", "JPEG", color.RGBA{0xc0, 0x39, 0x2b, 0xff}},
	} {
		var points plotter.XYs
		for _, q := range b.Codecs[c.name] {
			if q.BPP <= mostDrawn {
				points = append(points, plotter.XY{X: q.BPP, Y: q.PSNR})
			}
		}
		if len(points) == 0 {
			continue
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		line.Color, line.Width = c.colour, vg.Points(1.5)
		marks.Color, marks.Shape, marks.Radius = c.colour, draw.CircleGlyph{}, vg.Points(2)
		p.Add(line, marks)
		p.Legend.Add(c.title, line, marks)
	}
	to, err := p.WriterTo(16*vg.Centimeter, 11*vg.Centimeter, format)
	if err != nil {
		return err
	}
	_, err = to.WriteTo(w)
	return err
}
