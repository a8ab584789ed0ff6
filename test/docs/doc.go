// Package docs tests what documents say of each other.
package docs
