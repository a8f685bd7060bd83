// Sieve shows what a convolutional autoencoder keeps of a picture.
package main

func main() {}
