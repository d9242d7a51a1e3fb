using System.Buffers.Text;
using System.Globalization;
using Egregore.Sandbox;
using Egregore.Server.Api;
using Egregore.Server.Telemetry;
using Egregore.Wire;
using Egregore.Work;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Egregore.Server.Work;

/// <summary>Kernels by hash for everybody; uploading, tasks and the ledger for holders of an API key (<c>Authorization: Bearer KEY</c>).</summary>
internal static class WorkApi
{
    private const int TaskBodyBytesMax = 2 << 20;
    private const string ModuleSuffix = ".wasm", SampleSuffix = ".sample";

    public static void Map(WebApplication app, RouteGroupBuilder api)
    {
        var options = app.Services.GetRequiredService<ServerOptions>();
        app.MapGet("/kernels/{name}", Module).WithTags("work").WithSummary("A kernel's metered module: HASH.wasm; where its tasks are expected, the input of one: HASH.sample")
            .Produces(StatusCodes.Status200OK, contentType: "application/wasm").ProducesProblem(StatusCodes.Status404NotFound);
        var work = api.MapGroup("").WithTags("work").RequireRateLimiting(RateLimits.Api);
        work.MapGet("/kernels", (WorkHost host) => TypedResults.Ok(host.KernelCounts())).WithSummary("Kernels, with what was computed by them");
        work.MapGet("/work", (WorldStatistics statistics) => TypedResults.Ok(statistics.Latest.Work)).WithSummary("Helpers and their work");
        work.MapPost("/kernels", UploadAsync).WithSummary("Upload a kernel (application/wasm, not metered): it is checked, metered and named by its hash")
            .WithMetadata(new RequestSizeLimitAttribute(options.Helpers.Sandbox.ModuleBytesMax))
            .Produces<KernelUploaded>().ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized);
        work.MapDelete("/kernels/{hash}", Revoke).WithSummary("Revoke an uploaded kernel").ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status404NotFound);
        work.MapPost("/tasks", TaskAsync).WithSummary("Submit a task and wait for what it came to")
            .WithMetadata(new RequestSizeLimitAttribute(TaskBodyBytesMax))
            .Produces<TaskAnswer>().ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        work.MapGet("/ledger.csv", Ledger).WithSummary("The ledger: who paid whom for what").Produces(StatusCodes.Status200OK, contentType: "text/csv").ProducesProblem(StatusCodes.Status401Unauthorized);
    }

    private static IResult Module(string name, WorkHost host, HttpContext context)
    {
        var isSample = name.EndsWith(SampleSuffix, StringComparison.Ordinal);
        var suffix = isSample ? SampleSuffix : ModuleSuffix;
        if (!name.EndsWith(suffix, StringComparison.Ordinal) || !KernelHash.TryParse(name.AsSpan(0, name.Length - suffix.Length), out var hash) || !host.Library.TryGet(hash, out var module))
            return TypedResults.Problem("no kernel of that hash is here", statusCode: StatusCodes.Status404NotFound);
        if (isSample)
        {
            return host.TryGetSample(hash, out var sample)
                ? TypedResults.Bytes(sample, "application/octet-stream")
                : TypedResults.Problem("there is no sample task of that kernel", statusCode: StatusCodes.Status404NotFound);
        }

        // Named by its content: it never changes.
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return TypedResults.Bytes(module, "application/wasm");
    }

    private static async Task<IResult> UploadAsync(
        HttpContext context, WorkHost host, ServerOptions options, string name, string? @class, long? price, ulong? fuel, int? output, int? input)
    {
        if (ApiKeyOf(context, options) is null)
            return Unauthorized();
        if (name.Length is 0 or > 32 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            return Bad("name has 1 to 32 lower-case letters, digits and dashes");
        if (!Enum.TryParse<VerificationClass>(@class ?? "simulated", ignoreCase: true, out var kind) || !Enum.IsDefined(kind))
            return Bad("class is critical, simulated or cosmetic");
        if (price is < 0 or > 1_000_000_000 || fuel is 0 or > 1UL << 40 || output is < 1 or > WorkHost.TaskBytesMax || input is < 1 or > WorkHost.TaskBytesMax)
            return Bad("price is 0 to 1000000000 millionths for a million of fuel, fuel 1 to 2^40, input and output 1 to 1048576 bytes");
        using var body = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        }
        catch (BadHttpRequestException e)
        {
            return TypedResults.Problem(e.Message, statusCode: e.StatusCode);
        }

        try
        {
            var metered = KernelModule.Meter(body.GetBuffer().AsSpan(0, (int)body.Length), options.Helpers.Sandbox);
            var manifest = new KernelManifest
            {
                Hash = KernelHash.Of(metered),
                Name = name,
                Class = kind,
                PricePerMegafuel = price ?? 1_000,
                FuelMax = fuel ?? 2_000_000_000,
                OutputBytesMax = output ?? 256 * 1024,
                InputBytesMax = input ?? 256 * 1024,
            };
            return host.Library.TryGet(manifest.Hash, out _) || host.AddKernel(manifest, metered, uploaded: true)
                ? TypedResults.Ok(new KernelUploaded(manifest.Hash.ToString(), metered.Length))
                : TypedResults.Problem("no room for more kernels", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
        catch (KernelRefusedException e)
        {
            return Bad(e.Message);
        }
    }

    private static IResult Revoke(string hash, HttpContext context, WorkHost host, ServerOptions options)
    {
        if (ApiKeyOf(context, options) is null)
            return Unauthorized();
        return KernelHash.TryParse(hash, out var kernel) && host.RemoveKernel(kernel)
            ? TypedResults.NoContent()
            : TypedResults.Problem("no uploaded kernel of that hash is here", statusCode: StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> TaskAsync(HttpContext context, WorkHost host, ApiTasks tasks, ServerOptions options, TaskSubmitted request)
    {
        if (ApiKeyOf(context, options) is null)
            return Unauthorized();
        if (!KernelHash.TryParse(request.Kernel, out var kernel))
            return Bad("kernel is a hash of 64 hexadecimal digits");
        VerificationClass? kind = null;
        if (request.Class is { } text)
        {
            if (!Enum.TryParse<VerificationClass>(text, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed))
                return Bad("class is critical, simulated or cosmetic");
            kind = parsed;
        }

        if (request.Input is null || request.Input.Length > TaskBodyBytesMax || !Base64Url.IsValid(request.Input.Replace('+', '-').Replace('/', '_')))
            return Bad("input is base64 or base64url");
        if (request.DeadlineMs is < 1 or > 60_000)
            return Bad("deadlineMs is 1 to 60000");
        var input = Base64Url.DecodeFromChars(request.Input.Replace('+', '-').Replace('/', '_'));
        var answer = await tasks.RunAsync(host, kernel, input, kind, request.DeadlineMs ?? 200, context.RequestAborted);
        return answer.Refused is { } refused
            ? TypedResults.Problem(refused, statusCode: answer.Overloaded ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status400BadRequest)
            : TypedResults.Ok(answer.Answer);
    }

    private static IResult Ledger(HttpContext context, WorkHost host, ServerOptions options)
    {
        if (ApiKeyOf(context, options) is null)
            return Unauthorized();
        var csv = host.With((coordinator, _) =>
        {
            using var writer = new StringWriter(CultureInfo.InvariantCulture);
            coordinator.Ledger.WriteCsv(writer);
            return writer.ToString();
        });
        return TypedResults.Text(csv, "text/csv");
    }

    private static ApiKey? ApiKeyOf(HttpContext context, ServerOptions options)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? ApiKey.Find(options.Helpers.ApiKeys, header[7..].Trim()) : null;
    }

    private static ProblemHttpResult Unauthorized()
    {
        ServerMeter.Refused(RefusalCode.Unauthenticated);
        return TypedResults.Problem("this needs an API key of this server: Authorization: Bearer KEY", statusCode: StatusCodes.Status401Unauthorized);
    }

    private static ProblemHttpResult Bad(string text)
    {
        ServerMeter.Refused(RefusalCode.Malformed);
        return TypedResults.Problem(text, statusCode: StatusCodes.Status400BadRequest);
    }
}
