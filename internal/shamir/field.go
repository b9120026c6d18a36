package shamir

// The field is that of AES: bytes as polynomials over GF(2), modulo
// x^8 + x^4 + x^3 + x + 1 (FIPS 197, 4). Adding is XOR. There are no tables and no
// branches, whose time a cache or a predictor would tell.

// mul multiplies.
func mul(a, b byte) (p byte) {
	for range 8 {
		p ^= -(b & 1) & a
		a = a<<1 ^ -(a>>7)&0x1b
		b >>= 1
	}
	return p
}

// inverse returns what a is multiplied with to get 1, which is its 254th power,
// and 0 of 0.
func inverse(a byte) byte {
	result, square := byte(1), a
	for range 7 { // 254 = 2 + 4 + 8 + 16 + 32 + 64 + 128
		square = mul(square, square)
		result = mul(result, square)
	}
	return result
}

// evaluate returns the value of a polynomial at x, by Horner's rule. The first
// coefficient is that of x^0.
func evaluate(coefficients []byte, x byte) (y byte) {
	for i := len(coefficients) - 1; i >= 0; i-- {
		y = mul(y, x) ^ coefficients[i]
	}
	return y
}
