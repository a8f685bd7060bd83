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

// rivals are JPEG and WebP, and mozjpeg where it is installed.
func rivals() []rival {
	all := []rival{
		{"jpeg", []int{5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 85, 90, 95}, encodeJPEG},
		{"webp", []int{1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95}, encodeWebP},
	}
	if said, err := exec.Command("cjpeg", "-version").CombinedOutput(); err == nil && strings.Contains(string(said), "mozjpeg") {
		all = append(all, rival{"mozjpeg", all[0].qualities, encodeMozjpeg})
	}
	return all
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

func encodeMozjpeg(ctx context.Context, x *tensor.Tensor, quality int) ([]byte, error) {
	_, h, w, c := x.Dims4()
	kind := 6
	if c == 1 {
		kind = 5
	}
	in := []byte(fmt.Sprintf("P%d %d %d 255\n", kind, w, h))
	for _, v := range x.Data {
		in = append(in, byte(255*v+0.5))
	}
	cmd := exec.CommandContext(ctx, "cjpeg", "-quality", strconv.Itoa(quality))
	cmd.Stdin = bytes.NewReader(in)
	return cmd.Output()
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
