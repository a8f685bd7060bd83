package tensor

// LumaR, LumaG and LumaB are the weights of Rec. 601.
const LumaR, LumaG, LumaB = 0.299, 0.587, 0.114

// Luma is that of Rec. 601 on values as they are stored: what "grey" means here.
func Luma(r, g, b float32) float32 {
	return float32(LumaR*r) + float32(LumaG*g) + float32(LumaB*b)
}

// Mirror continues 0 … n-1 by mirroring without repeating the edge: -1 is 1, n is n-2.
func Mirror(i, n int) int {
	if n == 1 {
		return 0
	}
	i %= 2*n - 2
	if i < 0 {
		i += 2*n - 2
	}
	return min(i, 2*n-2-i)
}
