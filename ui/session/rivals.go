package session

// This file compresses pictures as everybody does, to compare with.

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"sieve/imageio"
	"sieve/model/tensor"
)

// A rival is another way to compress.
type rival struct {
	name      string
	qualities []int // to measure, and between which to search
	encode    func(ctx context.Context, x *tensor.Tensor, quality int) ([]byte, error)
}

// rivals are JPEG and WebP.
func rivals() []rival {
	return []rival{
		{"jpeg", []int{5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 85, 90, 95}, encodeJPEG},
		{"webp", []int{1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95}, encodeWebP},
	}
}

// installed are others that are there: mozjpeg, if cjpeg is that, and cwebp, which says
// whether our WebP is as good as everybody's.
func installed() []rival {
	var found []rival
	ours := rivals()
	if said, err := exec.Command("cjpeg", "-version").CombinedOutput(); err == nil && strings.Contains(string(said), "mozjpeg") {
		found = append(found, rival{"mozjpeg", ours[0].qualities, piped("cjpeg", []string{"-quality"})})
	}
	if _, err := exec.LookPath("cwebp"); err == nil {
		found = append(found, rival{"cwebp", ours[1].qualities, piped("cwebp", []string{"-quiet", "-q"}, "-o", "-", "--", "-")})
	}
	return found
}

func encodeJPEG(_ context.Context, x *tensor.Tensor, quality int) ([]byte, error) {
	var b bytes.Buffer
	err := imageio.Encode(&b, "jpeg", &imageio.Picture{Pix: x, Depth: 8}, imageio.SaveOptions{Quality: quality})
	return b.Bytes(), err
}

func encodeWebP(_ context.Context, x *tensor.Tensor, quality int) ([]byte, error) {
	var b bytes.Buffer
	err := imageio.EncodeWebP(&b, x, quality)
	return b.Bytes(), err
}

// piped returns an encoder that is a program, which is given a PPM or PGM and answers with
// the file. Arguments end with the quality.
func piped(name string, before []string, after ...string) func(ctx context.Context, x *tensor.Tensor, quality int) ([]byte, error) {
	return func(ctx context.Context, x *tensor.Tensor, quality int) ([]byte, error) {
		_, h, w, c := x.Dims4()
		kind := map[int]int{1: 5, 3: 6}[c]
		in := []byte(fmt.Sprintf("P%d\n%d %d\n255\n", kind, w, h))
		for _, v := range x.Data {
			in = append(in, byte(255*v+0.5))
		}
		cmd := exec.CommandContext(ctx, name, slices.Concat(before, []string{strconv.Itoa(quality)}, after)...)
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return out, nil
	}
}

// decodeRival returns what people see of a file.
func decodeRival(b []byte, like *tensor.Tensor) (*tensor.Tensor, error) {
	p, err := imageio.Decode(bytes.NewReader(b), imageio.Limits{Pixels: math.MaxInt64})
	if err != nil {
		return nil, err
	}
	return inChannels(p.Pix, like.Shape[3]), nil
}

// within returns the best file of a rival that has at most so many bytes, or its smallest.
func (r rival) within(ctx context.Context, x *tensor.Tensor, most int64) (file []byte, quality int, err error) {
	low, high := r.qualities[0], slices.Max(r.qualities)+4
	if file, err = r.encode(ctx, x, low); err != nil {
		return nil, 0, err
	}
	for low < high {
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		middle := (low + high + 1) / 2
		b, err := r.encode(ctx, x, middle)
		if err != nil {
			return nil, 0, err
		}
		if int64(len(b)) <= most {
			low, file = middle, b
		} else {
			high = middle - 1
		}
	}
	return file, low, nil
}
