// Layers whose outputs come in groups with equal lists of inputs, computed from the kept weights
// alone (see groups.py). Single precision. Vectors are as wide as the machine that compiles this.
//
// Convolution: LANES images fill a vector. A chunk of images is copied once into a room with a
// zero border, [channel][row][column][image]; every kept weight then multiplies whole vectors, and
// no gathered copy of channels is ever made. Few images instead lie one after the other, each with
// its border, and LANES neighbouring pixels of them fill a vector: see `Plane`. Kernels of one pixel
// take any neighbouring values: see `pointwise`. Linear: a vector holds outputs of a group; the
// inputs of a group are read in place, one scalar at a time.
#include <cstdint>
#include <cstring>
#ifdef _OPENMP
#include <omp.h>
#endif

#if defined(__AVX512F__)
constexpr int LANES = 16;
constexpr int WIDE[3] = {8, 8, 4};  // output columns at a time for 1, 2, 4 output channels at a time
#elif defined(__AVX__)
constexpr int LANES = 8;
constexpr int WIDE[3] = {8, 4, 2};
#else
constexpr int LANES = 4;
constexpr int WIDE[3] = {8, 4, 2};
#endif

constexpr int ROWS[2] = {8, 6};  // of a linear layer's batch at a time, for 1 and 2 vectors of outputs

constexpr int64_t LINE = 16;  // floats in a line of the cache
constexpr int64_t CACHE = 512 * 1024;  // bytes of the second level that one core has at least, about

// Values of a channel that `pointwise` computes at a time.
static int64_t part_size(int64_t channels)
{
    const int64_t size = CACHE / 2 / int64_t(sizeof(float)) / channels / LINE * LINE;
    return size < 4 * LINE ? 4 * LINE : size;
}

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef float Loose __attribute__((vector_size(4 * LANES), aligned(4)));  // at any address

static inline Vector same(float value) { return value - Vector{}; }
static inline Vector load(const float* at) { return *reinterpret_cast<const Loose*>(at); }
static inline void store(float* at, Vector value) { *reinterpret_cast<Loose*>(at) = value; }

// What is below zero becomes zero, if that is wanted; NaN stays.
static inline Vector ended(Vector value, bool relu)
{
    return relu ? (value < Vector{} ? Vector{} : value) : value;
}

static inline int thread()
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

#define UNROLL _Pragma("GCC unroll 16")

// How a convolution is computed; `convolve`, `convolve_few` and `pointwise` say more.
enum Way : int64_t { IMAGES, PIXELS, IN_PARTS };

// A convolution's sizes: spatial sizes of the output, and of the room that holds the padded input.
struct Sizes {
    int64_t images, channels, height, width;               // of the input
    int64_t out_channels, out_height, out_width;           // of the output
    int64_t padding_y, padding_x, room_height, room_width;
    int64_t stride_image, stride_channel, stride_row, stride_column;  // of the input, in floats
};

// G outputs × P columns of one output row. inputs: where each kept input channel's room begins.
template <int G, int P, int S, int K>
static inline __attribute__((always_inline)) void tile(
    const float* const* inputs, int64_t kept, int64_t offset, int64_t room_row, const float* weight,
    const float* bias, Vector (&sum)[G][P])
{
    UNROLL for (int o = 0; o < G; o++)
        UNROLL for (int p = 0; p < P; p++) sum[o][p] = same(bias[o]);
    for (int64_t c = 0; c < kept; c++) {
        const float* row = inputs[c] + offset;
        for (int r = 0; r < K; r++, row += room_row) {
            if constexpr (G == 1) {
                UNROLL for (int s = 0; s < K; s++) {
                    const Vector factor = same(*weight++);
                    UNROLL for (int p = 0; p < P; p++)
                        sum[0][p] += factor * load(row + LANES * (p * S + s));
                }
            } else {
                Vector values[(P - 1) * S + K];
                UNROLL for (int p = 0; p < (P - 1) * S + K; p++) values[p] = load(row + LANES * p);
                UNROLL for (int s = 0; s < K; s++)
                    UNROLL for (int o = 0; o < G; o++) {
                        const Vector factor = same(*weight++);
                        UNROLL for (int p = 0; p < P; p++) sum[o][p] += factor * values[p * S + s];
                    }
            }
        }
    }
}

// G output channels, as many columns of row y as there are left for P at a time.
// out: [channel][row][column][image], of `images` images.
template <int G, int P, int S, int K>
static void columns(
    const Sizes& z, bool relu, const float* const* inputs, int64_t kept, const float* weight, const float* bias,
    const int64_t* outputs, float* out, int64_t first, int64_t lanes, int64_t y, int64_t& x)
{
    const int64_t room_row = z.room_width * LANES;
    for (; x + P <= z.out_width; x += P) {
        Vector sum[G][P];
        tile<G, P, S, K>(inputs, kept, (y * S * z.room_width + x * S) * LANES, room_row, weight, bias, sum);
        UNROLL for (int o = 0; o < G; o++)
            UNROLL for (int p = 0; p < P; p++) {
                float* at = out + ((outputs[o] * z.out_height + y) * z.out_width + x + p) * z.images + first;
                const Vector value = ended(sum[o][p], relu);
                if (lanes == LANES)
                    store(at, value);
                else
                    for (int64_t l = 0; l < lanes; l++) at[l] = value[l];
            }
    }
}

// Output columns at a time: sums and input columns must fit the registers together.
template <int G, int S>
constexpr int wide() { return G == 2 && S == 2 && WIDE[1] > 4 ? 4 : WIDE[G / 2]; }

// G output channels, the pixels of rows `top` to `bottom`.
template <int G, int S, int K>
static void block(
    const Sizes& z, bool relu, const float* const* inputs, int64_t kept, const float* weight, const float* bias,
    const int64_t* outputs, float* out, int64_t first, int64_t lanes, int64_t top, int64_t bottom)
{
    constexpr int P = wide<G, S>();
    for (int64_t y = top; y < bottom; y++) {
        int64_t x = 0;
        columns<G, P, S, K>(z, relu, inputs, kept, weight, bias, outputs, out, first, lanes, y, x);
        if constexpr (P > 4)
            columns<G, 4, S, K>(z, relu, inputs, kept, weight, bias, outputs, out, first, lanes, y, x);
        if constexpr (P > 2)
            columns<G, 2, S, K>(z, relu, inputs, kept, weight, bias, outputs, out, first, lanes, y, x);
        columns<G, 1, S, K>(z, relu, inputs, kept, weight, bias, outputs, out, first, lanes, y, x);
    }
}

// Zeros around the pixels that `fill` is going to write.
static void border(const Sizes& z, float* room)
{
    const int64_t row = z.room_width * LANES, left = z.padding_x * LANES, right = left + z.width * LANES;
    for (int64_t c = 0; c < z.channels; c++)
        for (int64_t y = 0; y < z.room_height; y++, room += row) {
            const bool outside = y < z.padding_y || y >= z.padding_y + z.height;
            if (outside)
                std::memset(room, 0, row * sizeof(float));
            else if (z.padding_x) {
                std::memset(room, 0, left * sizeof(float));
                std::memset(room + right, 0, (row - right) * sizeof(float));
            }
        }
}

// The images from `first` on, `lanes` of them, into the room; its border is zero already.
static void fill(const Sizes& z, const float* x, float* room, int64_t first, int64_t lanes)
{
    for (int64_t c = 0; c < z.channels; c++)
        for (int64_t y = 0; y < z.height; y++) {
            const float* from = x + first * z.stride_image + c * z.stride_channel + y * z.stride_row;
            float* to = room + ((c * z.room_height + y + z.padding_y) * z.room_width + z.padding_x) * LANES;
            if (z.stride_image == 1 && lanes == LANES) {
                for (int64_t i = 0; i < z.width; i++, from += z.stride_column, to += LANES)
                    store(to, load(from));
            } else {
                for (int64_t l = 0; l < LANES; l++) {
                    const float* image = from + l * z.stride_image;
                    for (int64_t i = 0; i < z.width; i++)
                        to[i * LANES + l] = l < lanes ? image[i * z.stride_column] : 0.0f;
                }
            }
        }
}

// What both kinds of layer are told of their groups; weight_start: where a group's weights begin.
struct Groups {
    int64_t count;
    const int64_t *output_start, *outputs, *input_start, *inputs, *weight_start;
    const float *weight, *bias;
};

// Output rows whose inputs, of all channels, stay in the cache while every group reads them.
static int64_t band(const Sizes& z, int64_t stride, int64_t kernel)
{
    const int64_t rows = CACHE / (z.channels * z.room_width * LANES * int64_t(sizeof(float)));
    return rows > kernel ? (rows - kernel) / stride + 1 : 1;
}

template <int S, int K>
static void convolve(const Sizes& z, const Groups& g, bool relu, const float* x, float* room, const float** places,
                     int64_t most_kept, float* out, int threads)
{
    const int64_t plane = z.room_height * z.room_width * LANES;
    const int64_t chunks = (z.images + LANES - 1) / LANES, high = band(z, S, K);
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1)
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
        float* mine = room + thread() * z.channels * plane;
        if (chunk < threads) border(z, mine);  // each thread's first chunk; later ones keep it
        const float** here = places + thread() * most_kept;
        const int64_t first = chunk * LANES;
        const int64_t lanes = z.images - first < LANES ? z.images - first : LANES;
        fill(z, x, mine, first, lanes);
        for (int64_t top = 0; top < z.out_height; top += high)
        for (int64_t q = 0; q < g.count; q++) {
            const int64_t bottom = top + high < z.out_height ? top + high : z.out_height;
            const int64_t* inputs = g.inputs + g.input_start[q];
            const int64_t kept = g.input_start[q + 1] - g.input_start[q], end = g.output_start[q + 1];
            for (int64_t c = 0; c < kept; c++) here[c] = mine + inputs[c] * plane;
            const float* w = g.weight + g.weight_start[q];
            int64_t o = g.output_start[q];
            for (; o + 4 <= end; o += 4, w += 4 * kept * K * K)
                block<4, S, K>(z, relu, here, kept, w, g.bias + o, g.outputs + o, out, first, lanes, top, bottom);
            for (; o + 2 <= end; o += 2, w += 2 * kept * K * K)
                block<2, S, K>(z, relu, here, kept, w, g.bias + o, g.outputs + o, out, first, lanes, top, bottom);
            for (; o < end; o++, w += kept * K * K)
                block<1, S, K>(z, relu, here, kept, w, g.bias + o, g.outputs + o, out, first, lanes, top, bottom);
        }
    }
}

// Values of one channel of all pixels and images, without a gap in the output. Those of the input
// lie together in runs: the images of a pixel, of neighbouring pixels too where nothing is between.
struct Runs {
    int64_t total, length;                      // values of a channel, and of a run
    int64_t across, step_across, step_down;     // runs in a row, from one to the next, from row to row

    explicit Runs(const Sizes& z)
        : total(z.height * z.width * z.images), step_across(z.stride_column), step_down(z.stride_row)
    {
        const bool row = z.width == 1 || z.stride_column == z.images;
        const bool all = row && (z.height == 1 || z.stride_row == z.width * z.images);
        across = row ? 1 : z.width;
        length = all ? total : row ? z.width * z.images : z.images;
    }

    // Values `first` to `last` of a channel.
    void copy(const float* x, int64_t first, int64_t last, float* to) const
    {
        while (first < last) {
            const int64_t run = first / length, begin = first % length;
            const int64_t count = last - first < length - begin ? last - first : length - begin;
            const float* from = x + run / across * step_down + run % across * step_across + begin;
            std::memcpy(to, from, count * sizeof(float));
            first += count;
            to += count;
        }
    }
};

// G output channels, as many vectors of `count` values as there are left for P at a time.
template <int G, int P>
static void vectors(bool relu, const float* const* inputs, int64_t kept, const float* weight,
                    const float* bias, float* const* to, int64_t count, int64_t& at)
{
    for (; at + P * LANES <= count; at += P * LANES) {
        Vector sum[G][P];
        tile<G, P, 1, 1>(inputs, kept, at, 0, weight, bias, sum);
        UNROLL for (int o = 0; o < G; o++)
            UNROLL for (int p = 0; p < P; p++) store(to[o] + at + LANES * p, ended(sum[o][p], relu));
    }
}

// G output channels, of which `out` holds `total` values each: the `count` values from `first` on.
template <int G>
static void part(bool relu, const float* const* inputs, int64_t kept, const float* weight, const float* bias,
                 const int64_t* outputs, float* out, int64_t total, int64_t first, int64_t count)
{
    constexpr int P = WIDE[G / 2];
    float* to[G];
    for (int o = 0; o < G; o++) to[o] = out + outputs[o] * total + first;
    int64_t at = 0;
    vectors<G, P>(relu, inputs, kept, weight, bias, to, count, at);
    if constexpr (P > 4) vectors<G, 4>(relu, inputs, kept, weight, bias, to, count, at);
    if constexpr (P > 2) vectors<G, 2>(relu, inputs, kept, weight, bias, to, count, at);
    vectors<G, 1>(relu, inputs, kept, weight, bias, to, count, at);
    if (at == count) return;
    Vector sum[G][1];
    tile<G, 1, 1, 1>(inputs, kept, at, 0, weight, bias, sum);
    for (int o = 0; o < G; o++) {
        const Vector value = ended(sum[o][0], relu);
        for (int64_t l = 0; at + l < count; l++) to[o][at + l] = value[l];
    }
}

// A kernel of one pixel, images side by side: no pixel needs another, so they are computed in parts
// whose inputs, of all channels, stay in the cache while every group reads them. They are copied
// first: channels of the input often lie so that the cache cannot hold the same part of many.
static void pointwise(const Sizes& z, const Groups& g, bool relu, const float* x, float* room,
                      const float** places, int64_t most_kept, float* out, int threads)
{
    const Runs runs(z);
    const int64_t size = part_size(z.channels), width = size + LINE, parts = (runs.total + size - 1) / size;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int64_t i = 0; i < parts; i++) {
        float* mine = room + thread() * z.channels * width;
        const float** here = places + thread() * most_kept;
        const int64_t first = i * size, last = first + size < runs.total ? first + size : runs.total;
        const int64_t count = last - first;
        for (int64_t c = 0; c < z.channels; c++) {
            runs.copy(x + c * z.stride_channel, first, last, mine + c * width);
            store(mine + c * width + count, Vector{});  // the last vector may reach into it
        }
        for (int64_t q = 0; q < g.count; q++) {
            const int64_t* inputs = g.inputs + g.input_start[q];
            const int64_t kept = g.input_start[q + 1] - g.input_start[q], end = g.output_start[q + 1];
            for (int64_t c = 0; c < kept; c++) here[c] = mine + inputs[c] * width;
            const float* w = g.weight + g.weight_start[q];
            int64_t o = g.output_start[q];
            for (; o + 4 <= end; o += 4, w += 4 * kept)
                part<4>(relu, here, kept, w, g.bias + o, g.outputs + o, out, runs.total, first, count);
            for (; o + 2 <= end; o += 2, w += 2 * kept)
                part<2>(relu, here, kept, w, g.bias + o, g.outputs + o, out, runs.total, first, count);
            for (; o < end; o++, w += kept)
                part<1>(relu, here, kept, w, g.bias + o, g.outputs + o, out, runs.total, first, count);
        }
    }
}

// Few images: their padded rows end to end, [channel][phase][image][row][column], so that one offset
// leads from any output pixel to the input under a kernel's position. With stride S a phase holds
// every S-th row and column. Sums at the borders, between rows and images, are made and left out.
template <int S, int K>
struct Plane {
    int64_t width, image, phase, channel;  // floats in a row, an image, a phase, a channel
    int64_t sums;                          // from the first output pixel to the last
    int64_t offset[K * K];

    explicit Plane(const Sizes& z)
        : width((z.room_width + S - 1) / S), image((z.room_height + S - 1) / S * width),
          phase(z.images * image), channel(S * S * phase),
          sums((z.images - 1) * image + (z.out_height - 1) * width + z.out_width)
    {
        for (int r = 0; r < K; r++)
            for (int s = 0; s < K; s++)
                offset[r * K + s] = (r % S * S + s % S) * phase + r / S * width + s / S;
    }
};

// One channel of all images into its place, with zeros around.
template <int S, int K>
static void spread(const Sizes& z, const Plane<S, K>& plane, const float* x, float* to)
{
    std::memset(to, 0, plane.channel * sizeof(float));
    for (int64_t i = 0; i < z.images; i++, x += z.stride_image, to += plane.image)
        for (int64_t y = 0; y < z.height; y++) {
            const int64_t down = y + z.padding_y;
            const float* from = x + y * z.stride_row;
            float* row = to + down % S * S * plane.phase + down / S * plane.width;
            for (int64_t j = 0; j < z.width; j++) {
                const int64_t across = j + z.padding_x;
                row[across % S * plane.phase + across / S] = from[j * z.stride_column];
            }
        }
}

// G output channels × P vectors of sums at a time, as many as there are left.
template <int G, int P, int S, int K>
static void sums(bool relu, const Plane<S, K>& plane, const float* const* inputs, int64_t kept,
                 const float* weight, const float* bias, float* room, int64_t size, int64_t& at)
{
    for (; at + P * LANES <= size; at += P * LANES) {
        Vector sum[G][P];
        UNROLL for (int o = 0; o < G; o++)
            UNROLL for (int p = 0; p < P; p++) sum[o][p] = same(bias[o]);
        const float* w = weight;
        for (int64_t c = 0; c < kept; c++)
            UNROLL for (int k = 0; k < K * K; k++) {
                const float* from = inputs[c] + at + plane.offset[k];
                Vector values[P];
                UNROLL for (int p = 0; p < P; p++) values[p] = load(from + LANES * p);
                UNROLL for (int o = 0; o < G; o++) {
                    const Vector factor = same(*w++);
                    UNROLL for (int p = 0; p < P; p++) sum[o][p] += factor * values[p];
                }
            }
        UNROLL for (int o = 0; o < G; o++)
            UNROLL for (int p = 0; p < P; p++) store(room + o * size + at + LANES * p, ended(sum[o][p], relu));
    }
}

// G output channels of all images. room: G × size floats, size being whole vectors.
template <int G, int S, int K>
static void channels(const Sizes& z, bool relu, const Plane<S, K>& plane,
                     const float* const* inputs, int64_t kept, const float* weight, const float* bias,
                     const int64_t* outputs, float* room, int64_t size, float* out)
{
    constexpr int P = WIDE[G / 2];
    int64_t at = 0;
    sums<G, P, S, K>(relu, plane, inputs, kept, weight, bias, room, size, at);
    if constexpr (P > 4) sums<G, 4, S, K>(relu, plane, inputs, kept, weight, bias, room, size, at);
    if constexpr (P > 2) sums<G, 2, S, K>(relu, plane, inputs, kept, weight, bias, room, size, at);
    sums<G, 1, S, K>(relu, plane, inputs, kept, weight, bias, room, size, at);
    for (int o = 0; o < G; o++)
        for (int64_t i = 0; i < z.images; i++)
            for (int64_t y = 0; y < z.out_height; y++)
                std::memcpy(out + ((i * z.out_channels + outputs[o]) * z.out_height + y) * z.out_width,
                            room + o * size + i * plane.image + y * plane.width, z.out_width * sizeof(float));
}

// room: all channels, a vector that the last one's sums may reach into, and 4 outputs a thread.
template <int S, int K>
static void convolve_few(const Sizes& z, const Groups& g, bool relu, const float* x, float* room,
                         const float** places, int64_t most_kept, float* out, int threads)
{
    const Plane<S, K> plane(z);
    const int64_t size = (plane.sums + LANES - 1) / LANES * LANES;
    float* behind = room + z.channels * plane.channel;
    store(behind, Vector{});
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
#pragma omp for schedule(static)
        for (int64_t c = 0; c < z.channels; c++)
            spread<S, K>(z, plane, x + c * z.stride_channel, room + c * plane.channel);
        float* mine = behind + LANES + thread() * 4 * size;
        const float** here = places + thread() * most_kept;
#pragma omp for schedule(static)
        for (int64_t q = 0; q < g.count; q++) {
            const int64_t* inputs = g.inputs + g.input_start[q];
            const int64_t kept = g.input_start[q + 1] - g.input_start[q], end = g.output_start[q + 1];
            for (int64_t c = 0; c < kept; c++) here[c] = room + inputs[c] * plane.channel;
            const float* w = g.weight + g.weight_start[q];
            int64_t o = g.output_start[q];
            for (; o + 4 <= end; o += 4, w += 4 * kept * K * K)
                channels<4, S, K>(z, relu, plane, here, kept, w, g.bias + o, g.outputs + o, mine, size, out);
            for (; o + 2 <= end; o += 2, w += 2 * kept * K * K)
                channels<2, S, K>(z, relu, plane, here, kept, w, g.bias + o, g.outputs + o, mine, size, out);
            for (; o < end; o++, w += kept * K * K)
                channels<1, S, K>(z, relu, plane, here, kept, w, g.bias + o, g.outputs + o, mine, size, out);
        }
    }
}

// R rows of the batch × V vectors of a group's outputs; weight: [input][V vectors]. Rows of `to`
// are `to_width` apart.
template <int R, int V>
static inline __attribute__((always_inline)) void rows(
    const float* x, int64_t width, const int64_t* inputs, int64_t kept, const float* weight,
    const float* bias, float* to, int64_t to_width)
{
    Vector sum[R][V];
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int v = 0; v < V; v++) sum[r][v] = load(bias + LANES * v);
    for (int64_t c = 0; c < kept; c++, weight += LANES * V) {
        Vector factors[V];
        UNROLL for (int v = 0; v < V; v++) factors[v] = load(weight + LANES * v);
        const float* from = x + inputs[c];
        UNROLL for (int r = 0; r < R; r++) {
            const Vector value = same(from[r * width]);
            UNROLL for (int v = 0; v < V; v++) sum[r][v] += value * factors[v];
        }
    }
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int v = 0; v < V; v++) store(to + r * to_width + v * LANES, sum[r][v]);
}

// One row: four sums a vector, since one would wait for itself.
template <int V>
static inline __attribute__((always_inline)) void one_row(
    const float* x, const int64_t* inputs, int64_t kept, const float* weight, const float* bias, float* room)
{
    Vector sum[4][V] = {};
    int64_t c = 0;
    for (; c + 4 <= kept; c += 4, weight += 4 * LANES * V)
        UNROLL for (int u = 0; u < 4; u++) {
            const Vector value = same(x[inputs[c + u]]);
            UNROLL for (int v = 0; v < V; v++) sum[u][v] += value * load(weight + (u * V + v) * LANES);
        }
    for (; c < kept; c++, weight += LANES * V)
        UNROLL for (int v = 0; v < V; v++) sum[0][v] += same(x[inputs[c]]) * load(weight + v * LANES);
    UNROLL for (int v = 0; v < V; v++)
        store(room + v * LANES, load(bias + v * LANES) + (sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]));
}

// V vectors of a group's outputs: `count` of their values have a place in the output.
template <int V>
struct Outputs {
    const int64_t* places;
    int64_t count;
    bool together;  // whether all of the vectors' values have neighbouring places

    Outputs(const int64_t* places, int64_t left)
        : places(places), count(left < V * LANES ? left : V * LANES),
          together(count == V * LANES && places[count - 1] - places[0] == count - 1) {}
};

template <int V>
static void put(const float* room, const Outputs<V>& outputs, float* out)
{
    for (int64_t o = 0; o < outputs.count; o++) out[outputs.places[o]] = room[o];
}

// As many rows from `b` on as there are left for R at a time.
template <int R, int V>
static void some_rows(const float* x, int64_t batch, int64_t width, const int64_t* inputs, int64_t kept,
                      const float* weight, const float* bias, const Outputs<V>& outputs, float* out,
                      int64_t out_width, int64_t& b)
{
    float room[R * V * LANES];
    for (; b + R <= batch; b += R) {
        float* here = out + b * out_width;
        if (outputs.together) {
            rows<R, V>(x + b * width, width, inputs, kept, weight, bias, here + outputs.places[0], out_width);
        } else {
            rows<R, V>(x + b * width, width, inputs, kept, weight, bias, room, V * LANES);
            for (int r = 0; r < R; r++) put<V>(room + r * V * LANES, outputs, here + r * out_width);
        }
    }
}

template <int V>
static void group_rows(const Groups& g, int64_t q, int64_t o, const float* weight, const float* x,
                       int64_t batch, int64_t width, float* out, int64_t out_width)
{
    const int64_t* inputs = g.inputs + g.input_start[q];
    const int64_t kept = g.input_start[q + 1] - g.input_start[q];
    const Outputs<V> outputs(g.outputs + o, g.output_start[q + 1] - o);
    float bias[V * LANES] = {}, room[V * LANES];
    for (int64_t i = 0; i < outputs.count; i++) bias[i] = g.bias[o + i];
    int64_t b = 0;
    some_rows<ROWS[V - 1], V>(x, batch, width, inputs, kept, weight, bias, outputs, out, out_width, b);
    some_rows<4, V>(x, batch, width, inputs, kept, weight, bias, outputs, out, out_width, b);
    some_rows<2, V>(x, batch, width, inputs, kept, weight, bias, outputs, out, out_width, b);
    if (b < batch) {
        one_row<V>(x + b * width, inputs, kept, weight, bias, room);
        put<V>(room, outputs, out + b * out_width);
    }
}

extern "C" {

int graphprune_lanes() { return LANES; }

// Floats that a convolution IN_PARTS needs as its room, for each thread.
int64_t graphprune_part_room(int64_t channels) { return channels * (part_size(channels) + LINE); }

// way: IMAGES, PIXELS or IN_PARTS. relu: whether what is below zero becomes zero.
// 0, or -1 for a stride or kernel size that is not compiled.
int graphprune_conv2d(
    int64_t way, int64_t relu, const int64_t* sizes, int64_t stride, int64_t kernel, int64_t count,
    const int64_t* output_start, const int64_t* outputs, const int64_t* input_start,
    const int64_t* inputs, const int64_t* weight_start,
    const float* weight, const float* bias, const float* x, float* room, const float** places,
    int64_t most_kept, float* out, int threads)
{
    Sizes z;
    static_assert(sizeof(Sizes) == 15 * sizeof(int64_t), "Sizes are read as 15 numbers");
    std::memcpy(&z, sizes, sizeof z);
    const Groups g{count, output_start, outputs, input_start, inputs, weight_start, weight, bias};
    if (way == IN_PARTS) {
        if (stride != 1 || kernel != 1 || z.stride_image != 1 || z.padding_y || z.padding_x) return -1;
        pointwise(z, g, relu != 0, x, room, places, most_kept, out, threads);
        return 0;
    }
#define GRAPHPRUNE_CASE(S, K) \
    if (stride == S && kernel == K) { \
        (way == PIXELS ? convolve_few<S, K> : convolve<S, K>)(z, g, relu != 0, x, room, places, most_kept, out, threads); \
        return 0; \
    }
    GRAPHPRUNE_CASE(1, 3)
    GRAPHPRUNE_CASE(2, 3)
    GRAPHPRUNE_CASE(1, 1)
#undef GRAPHPRUNE_CASE
    return -1;
}

// x: (batch, width), out: (batch, out_width), rows one after the other.
void graphprune_linear(
    int64_t count, const int64_t* output_start, const int64_t* outputs, const int64_t* input_start,
    const int64_t* inputs, const int64_t* weight_start, const float* weight, const float* bias,
    const float* x, int64_t batch, int64_t width, float* out, int64_t out_width, int threads)
{
    const Groups g{count, output_start, outputs, input_start, inputs, weight_start, weight, bias};
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int64_t q = 0; q < count; q++) {
        const int64_t kept = input_start[q + 1] - input_start[q];
        const float* w = weight + weight_start[q];
        int64_t o = output_start[q];
        for (; o + LANES < output_start[q + 1]; o += 2 * LANES, w += 2 * LANES * kept)
            group_rows<2>(g, q, o, w, x, batch, width, out, out_width);
        if (o < output_start[q + 1]) group_rows<1>(g, q, o, w, x, batch, width, out, out_width);
    }
}
}
