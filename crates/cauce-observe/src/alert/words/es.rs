//! Spanish.

use super::{Facts, Kind, Named, Say, span};

pub(super) const SAY: Say = Say {
    what,
    was,
    advice,
    decimal: ",",
    // Spanish orthography (RAE, 2010) sets a space before it; this one breaks no line.
    percent: "\u{a0}%",
    again: "Continúa",
    over: "Resuelto",
    warning: "Aviso",
    critical: "Crítica",
    severity: "Gravedad",
    tenant: "Inquilino",
    since: "Desde",
    lasted: "Duró",
    lasts: "Dura",
    figure: "Valor",
    limit: "Límite",
    detail: "Detalle",
    open: "Abrir en Cauce",
    footer: "Cauce envía este mensaje porque este canal figura en su configuración, en [alerts].",
    channel: "Canal",
    test: "Una prueba: las alertas llegan a este canal",
    test_advice: "No pasa nada y no hay nada que hacer.",
};

fn what(facts: &Facts<'_>) -> String {
    let name = Named(&facts.subject.thing);
    let value = SAY.figure_of(facts.value, facts.kind.unit());
    match facts.kind {
        Kind::BreakerOpen => {
            format!("{name}: el destino no deja de fallar y se han detenido los envíos")
        }
        Kind::FailureRate => format!("{name}: falla el {value} de los intentos"),
        Kind::ProcessingTime => format!("{name}: las peticiones tardan {value} de media"),
        Kind::QueueSaturated => format!("{name}: la cola está llena al {value}"),
        Kind::OldestJob => format!("{name}: el trabajo más antiguo lleva esperando {value}"),
        Kind::DeadLetters => {
            let within = span(facts.within);
            format!("{name}: {value} trabajos pasaron a cartas muertas en {within}")
        }
        Kind::WorkerStalled => {
            format!("{name}: hay trabajos en espera y no se ha enviado nada desde hace {value}")
        }
        Kind::TokenInvalid => format!("{name}: las credenciales no funcionan"),
        Kind::TokenExpiring => format!("{name}: las credenciales caducan pronto"),
        Kind::DiskFull => format!("El disco está lleno al {value}"),
        Kind::StoreFailing => format!("Almacén ({name}): algo va mal"),
        Kind::CountersDisagree => format!("{value} contadores no coinciden con lo que hay"),
        Kind::BackendRoute => format!("{name}: al backend le falta una ruta"),
        Kind::TrackingVolume => {
            "Los eventos de seguimiento no se parecen a los de semanas anteriores".to_owned()
        }
        Kind::CampaignPaused => "Una campaña se ha pausado y te espera".to_owned(),
        Kind::ReportUndelivered => format!("Informe {name}: correos que no han llegado: {value}"),
    }
}

fn was(facts: &Facts<'_>) -> String {
    let name = Named(&facts.subject.thing);
    let value = SAY.figure_of(facts.value, facts.kind.unit());
    match facts.kind {
        Kind::BreakerOpen => {
            format!("{name}: el destino no dejaba de fallar y se detuvieron los envíos")
        }
        Kind::FailureRate => format!("{name}: falló hasta el {value} de los intentos"),
        Kind::ProcessingTime => {
            format!("{name}: las peticiones tardaron hasta {value} de media")
        }
        Kind::QueueSaturated => format!("{name}: la cola estuvo llena hasta el {value}"),
        Kind::OldestJob => format!("{name}: el trabajo más antiguo esperó hasta {value}"),
        Kind::DeadLetters => {
            let within = span(facts.within);
            format!("{name}: hasta {value} trabajos pasaron a cartas muertas en {within}")
        }
        Kind::WorkerStalled => {
            format!("{name}: había trabajos en espera y no se envió nada durante {value}")
        }
        Kind::TokenInvalid => format!("{name}: las credenciales no funcionaban"),
        Kind::TokenExpiring => format!("{name}: las credenciales estaban a punto de caducar"),
        Kind::DiskFull => format!("El disco estuvo lleno hasta el {value}"),
        Kind::StoreFailing => format!("Almacén ({name}): algo iba mal"),
        Kind::CountersDisagree => format!("{value} contadores no coincidían con lo que había"),
        Kind::BackendRoute => format!("{name}: al backend le faltaba una ruta"),
        Kind::TrackingVolume => {
            "Los eventos de seguimiento no se parecían a los de semanas anteriores".to_owned()
        }
        Kind::CampaignPaused => "Una campaña se había pausado y te esperaba".to_owned(),
        Kind::ReportUndelivered => {
            format!("Informe {name}: correos que no habían llegado: {value}")
        }
    }
}

fn advice(kind: Kind) -> &'static str {
    match kind {
        Kind::BreakerOpen => {
            "Mira el último error de la cuenta. Los trabajos esperan y seguirán solos cuando el destino vuelva a responder."
        }
        Kind::FailureRate => {
            "Mira los fallos más recientes de la cola. Si el destino ha cambiado algo, pausa la cola hasta corregirlo."
        }
        Kind::ProcessingTime => {
            "El destino responde despacio. Mira su página de estado; menos peticiones a la vez pueden ayudarle."
        }
        Kind::QueueSaturated => {
            "Pasado el límite se rechazan trabajos nuevos. Averigua por qué no avanza la cola, o sube limits.max_jobs o limits.max_bytes."
        }
        Kind::OldestJob => {
            "Abre el trabajo y pregunta por qué espera: allí se nombra el ritmo, el cortacircuitos o la pausa, y cuándo se abre."
        }
        Kind::DeadLetters => {
            "Abre las cartas muertas, agrupadas por motivo. Corrige la causa y reinténtalas."
        }
        Kind::WorkerStalled => {
            "Busca en el registro del servidor la línea de esta cuenta y reinicia el servidor: nada de lo aceptado se pierde."
        }
        Kind::TokenInvalid => {
            "Crea un token nuevo en la plataforma, ponlo en la configuración y recárgala. Los eventos se guardan hasta entonces."
        }
        Kind::TokenExpiring => {
            "Renueva el token en la plataforma antes de que caduque y recarga la configuración."
        }
        Kind::DiskFull => {
            "Libera espacio o amplía el disco. Por debajo de limits.min_free se rechazan trabajos nuevos mientras siguen las entregas."
        }
        Kind::StoreFailing => {
            "Mira en /readyz y en el registro del servidor qué va mal, y revisa el disco."
        }
        Kind::CountersDisagree => {
            "Deja la carpeta de datos como está, ejecuta `cauce store check` sobre una copia e informa de lo que diga."
        }
        Kind::BackendRoute => {
            "El backend responde 404. Añade la ruta que figura en el detalle o corrige base_url."
        }
        Kind::TrackingVolume => {
            "Mira por sitio y tipo qué ha cambiado: un rastreador que falta en una página, o tráfico que no es de personas."
        }
        Kind::CampaignPaused => {
            "Abre la campaña, lee por qué se pausó, corrígelo y reanúdala o detenla."
        }
        Kind::ReportUndelivered => {
            "Abre los correos: cada uno dice qué objeta el servidor de correo. Corrígelo y reinténtalos."
        }
    }
}
