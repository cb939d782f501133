// The rows of gpu_ops_bench, by subject.
#pragma once

#include "bench/roofline.h"

namespace switchyard {

void measure_products(Gpu& gpu, Roofline& roofline);
void measure_model(Gpu& gpu, Roofline& roofline);
void measure_gates(Gpu& gpu, Roofline& roofline);
void measure_routing(Gpu& gpu, Roofline& roofline);
void measure_elementwise(Gpu& gpu, Roofline& roofline);

}  // namespace switchyard
