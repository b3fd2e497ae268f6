package main

import "time"

// timeNow is the program's clock; tests set it.
var timeNow = time.Now
