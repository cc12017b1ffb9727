//! What Meta tells a person about a refused event, in that person's language. The sentences are
//! ours: a client must not read them.

use super::event::Flaw;
use crate::Language;

/// The title and the message.
pub(super) const fn of(flaw: Flaw, language: Language) -> (&'static str, &'static str) {
    match language {
        Language::English => english(flaw),
        Language::Spanish => spanish(flaw),
        Language::French => french(flaw),
    }
}

const fn english(flaw: Flaw) -> (&'static str, &'static str) {
    match flaw {
        Flaw::TooOld => (
            "Event is too old",
            "An event happened more than 7 days ago.",
        ),
        Flaw::NoValue => (
            "Purchase without a value",
            "A purchase needs a value, such as 1.99.",
        ),
        Flaw::NotHashed => (
            "Parameter is not hashed",
            "A customer parameter must be hashed.",
        ),
        Flaw::BadUser => (
            "Invalid customer parameters",
            "The customer parameters are not valid.",
        ),
        Flaw::TooLittle => ("Too little about the customer", "Add customer parameters."),
        Flaw::Processing => ("Invalid processing options", "Use an empty list or LDU."),
        Flaw::Other => (
            "Invalid parameter",
            "An event has a parameter that is not valid.",
        ),
    }
}

const fn spanish(flaw: Flaw) -> (&'static str, &'static str) {
    match flaw {
        Flaw::TooOld => (
            "Evento demasiado antiguo",
            "Un evento ocurrió hace más de 7 días.",
        ),
        Flaw::NoValue => (
            "Compra sin valor",
            "Una compra necesita un valor, por ejemplo 1,99.",
        ),
        Flaw::NotHashed => (
            "Parámetro sin hash",
            "Un parámetro del cliente debe llevar hash.",
        ),
        Flaw::BadUser => (
            "Datos de cliente no válidos",
            "Los datos del cliente no son válidos.",
        ),
        Flaw::TooLittle => ("Pocos datos del cliente", "Añade más datos del cliente."),
        Flaw::Processing => (
            "Opciones de tratamiento no válidas",
            "Usa una lista vacía o LDU.",
        ),
        Flaw::Other => (
            "Parámetro no válido",
            "Un evento tiene un parámetro que no es válido.",
        ),
    }
}

const fn french(flaw: Flaw) -> (&'static str, &'static str) {
    match flaw {
        Flaw::TooOld => (
            "Évènement trop ancien",
            "Un évènement date de plus de 7 jours.",
        ),
        Flaw::NoValue => (
            "Achat sans valeur",
            "Un achat doit avoir une valeur, par exemple 1,99.",
        ),
        Flaw::NotHashed => (
            "Paramètre non haché",
            "Un paramètre du client doit être haché.",
        ),
        Flaw::BadUser => (
            "Données client non valides",
            "Les données du client sont erronées.",
        ),
        Flaw::TooLittle => (
            "Trop peu de données client",
            "Ajoutez des données sur le client.",
        ),
        Flaw::Processing => ("Options de traitement non valides", "Liste vide ou LDU."),
        Flaw::Other => (
            "Paramètre non valide",
            "Un évènement a un paramètre non valide.",
        ),
    }
}
